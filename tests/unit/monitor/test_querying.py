"""Asking a real Prometheus, over TLS and with a password too; and what answers but is none."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import IO

import bcrypt
import pytest

from infra_ctl.city import City
from infra_ctl.errors import SecretError, UnusableError
from infra_ctl.inventory.monitoring import Web
from infra_ctl.monitor.querying import MOST, Server, ask, servers
from tests.unit.exporters.certificates import Authority
from tests.unit.exporters.test_scraped import free_port, until

SECRET = "s3cret"


def resolve(reference: str) -> str:
    assert reference == "vault:monitoring/web"
    return SECRET


@contextmanager
def guarded(folder: Path) -> Iterator[tuple[str, Authority]]:
    """A Prometheus with a certificate for `dc-mon-1.x` alone, and a password; its URL."""
    authority = Authority(folder)
    signed = authority.sign("dc-mon-1.x", "dns:dc-mon-1.x")
    web = {
        "tls_server_config": {"cert_file": signed.certificate.name, "key_file": signed.key.name},
        "basic_auth_users": {"prometheus": bcrypt.hashpw(SECRET.encode(), bcrypt.gensalt(4)).decode()},
    }
    (folder / "web.yml").write_text(json.dumps(web))
    (folder / "prometheus.yml").write_text("{}")
    options = (
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.config.file={folder / 'web.yml'}",
    )
    with (folder / "prometheus.log").open("w") as log:
        process, port = started(("prometheus", *options), log)
        try:
            yield f"https://127.0.0.1:{port}", authority
        finally:
            process.kill()
            process.wait()


def started(command: tuple[str, ...], log: IO[str]) -> tuple[subprocess.Popen[bytes], int]:
    """It takes no port 0, and somebody else may take the one that was free just now."""
    for _ in range(5):
        port = free_port()
        listening = f"--web.listen-address=127.0.0.1:{port}"
        process = subprocess.Popen((*command, listening), stdout=log, stderr=log)
        until(lambda port=port, process=process: listens(port) or process.poll() is not None, "start")  # type: ignore[misc]
        if process.poll() is None:
            return process, port
    pytest.fail(f"{command[0]} does not start")


def ready(server: Server) -> bool:
    """It listens a moment before it answers."""
    with suppress(UnusableError):
        return bool(ask(server, "vector(1)", time.time()))
    return False


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """The URL of something that answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def saying(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_guarded_one_is_asked_by_its_name_with_the_password_and_says_why_it_will_not(
    tmp_path: Path,
) -> None:
    with guarded(tmp_path) as (url, authority):
        known = Server(url, "dc-mon-1.x", str(authority.file), "prometheus", SECRET)
        until(lambda: ready(known), "a Prometheus that answers")
        (sample,) = ask(known, 'label_replace(vector(0.5), "circuit", "x", "", "")', time.time())
        assert (dict(sample.labels), sample.value) == ({"circuit": "x"}, 0.5)
        assert str(sample) == '{circuit="x"} 0.5'
        with pytest.raises(UnusableError, match=f"{url} answers sum\\( with: .*parse error"):
            ask(known, "sum(", time.time())
        with pytest.raises(UnusableError, match=f"{url} lets nobody in as 'prometheus'"):
            ask(Server(url, known.name, known.authority, known.user, "other"), "vector(1)", 0)
        with pytest.raises(UnusableError, match=r"its certificate: .*mismatch"):
            ask(Server(url, "dc-mon-2.x", known.authority), "vector(1)", 0)
        with pytest.raises(UnusableError, match="its certificate: "):
            ask(Server(url, known.name), "vector(1)", 0)


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, b"<html>", "answers HTTP 200, and not as a Prometheus does"),
        (200, b'{"data": {}}', "answers HTTP 200, and not as a Prometheus does"),
        (200, b'{"data": {"result": [{"metric": {}, "value": []}]}}', "not as a Prometheus does"),
        (200, b'["warnings"]', "not as a Prometheus does"),
        (302, b"", "answers HTTP 302"),
        (200, b'{"data": {"result": []}, "warnings": ["a store is\\naway"]}', "with: a store is away"),
        (503, b'{"error": "starting"}', r"answers vector\(1\) with: starting"),
    ],
)
def test_what_is_no_whole_answer_of_a_prometheus_is_told_in_a_line(
    status: int, body: bytes, says: str
) -> None:
    with answering(saying(status, body)) as url, pytest.raises(UnusableError, match=says) as told:
        ask(Server(url), "vector(1)", 0)
    assert "\n" not in str(told.value)


def test_who_never_ends_is_not_listened_to_for_ever() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(2000):
                handler.wfile.write(b" ")
                time.sleep(0.01)
        except OSError:  # nobody listens any more
            pass

    with answering(drip) as url, pytest.raises(UnusableError, match="does not answer: timed out"):
        ask(Server(url), "vector(1)", 0, patience=0.3)

    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(2 * MOST >> 20):
                handler.wfile.write(bytes(1 << 20))
        except OSError:
            pass

    with answering(pour) as url, pytest.raises(UnusableError, match=f"more than {MOST} bytes"):
        ask(Server(url), "vector(1)", 0)


def test_nobody_there_is_told() -> None:
    with pytest.raises(UnusableError, match="does not answer: Connection refused"):
        ask(Server(f"http://127.0.0.1:{free_port()}"), "vector(1)", 0)


def test_a_password_goes_nowhere_without_tls() -> None:
    seen: list[object] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Authorization"])
        saying(200, b'{"data": {"result": []}}')(handler)

    with answering(answer) as url:
        assert ask(Server(url, user="prometheus", password=SECRET), "vector(1)", 0) == ()
    assert seen == [None]
    assert SECRET not in repr(Server("https://x", password=SECRET))


def test_those_of_a_city_are_its_monitoring_hosts_guarded_as_it_says(city: City) -> None:
    web = city.inventory.monitoring.web
    assert isinstance(web, Web)
    first, second = servers(city, resolve, "", is_plain=False)
    assert first.url.startswith("https://")
    assert first.url.endswith(":9090")
    assert (first.name, first.authority) == (f"dc-monitor-1.{city.inventory.city.domain}", web.authority)
    assert (first.user, first.password) == (web.user, SECRET)
    assert second.name.startswith("bk-monitor-1.")
    plain, _ = servers(city, resolve, "", is_plain=True)
    assert plain == Server(first.url.replace("https", "http"))

    assert servers(city, resolve, first.url, is_plain=False) == (first,)
    assert servers(city, resolve, "http://10.0.0.9:9090", is_plain=False) == (Server("http://10.0.0.9:9090"),)
    (other,) = servers(city, resolve, "https://mon.example/prometheus", is_plain=False)
    assert (other.name, other.user, other.password) == ("", web.user, SECRET)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mon.example:9090", "is no address of a Prometheus"),
        ("ftp://mon.example", "is no address"),
        ("http://", "is no address"),
        ("http://a:99999", "is no address"),
        ("http://[::1", "is no address"),
        ("https://me:s3cret@mon.example", "put no password into the address"),
    ],
)
def test_what_is_no_url_is_refused(city: City, url: str, says: str) -> None:
    with pytest.raises(UnusableError, match=says) as told:
        servers(city, resolve, url, is_plain=False)
    assert SECRET not in str(told.value)


def test_a_password_that_nobody_has_is_told(city: City) -> None:
    def nothing(reference: str) -> str:
        raise SecretError(f"not in the vault: {reference}")

    with pytest.raises(SecretError):
        servers(city, nothing, "", is_plain=False)
    assert servers(city, nothing, "", is_plain=True)
