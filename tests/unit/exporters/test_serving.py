"""What every exporter answers, whatever is asked and however."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_format

from exporters.serving import connection
from exporters.serving.listening import Address, address, begin, end, listen
from infra_ctl.errors import UnusableError
from tests.unit.exporters.conftest import Response, Serve, received


def test_metrics_come_in_the_format_that_is_asked_for(serve_fake: Serve) -> None:
    served = serve_fake()
    plain, newer = served.get("/metrics"), served.get("/metrics", Accept="application/openmetrics-text")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert newer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    for answer, parse in ((plain, text_format), (newer, openmetrics)):
        samples = [sample for family in parse(answer.text) for sample in family.samples]
        assert ("infra_path_targets", {}, 1.0) in [(s.name, s.labels, s.value) for s in samples]
        assert "infra_exporter_build_info" in [s.name for s in samples]


def test_gzip_is_what_it_is_without(serve_fake: Serve) -> None:
    served = serve_fake()
    packed = served.get("/metrics", Accept_Encoding="deflate, gzip;q=1.0")
    assert packed.headers["content-encoding"] == "gzip"
    assert b"infra_path_targets 1.0" in gzip.decompress(packed.body)
    assert "content-encoding" not in served.get("/metrics", Accept_Encoding="gzip;q=0").headers
    assert "content-encoding" not in served.get("/-/healthy", Accept_Encoding="gzip").headers
    for answer in (packed, served.get("/metrics")):
        assert answer.headers["vary"] == "Accept, Accept-Encoding"


OPENMETRICS, TEXT = "application/openmetrics-text", "text/plain"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PROMETHEUS, OPENMETRICS),
        ("text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,*/*;q=0.1", TEXT),
        ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5", OPENMETRICS),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=0.0, text/html", TEXT),
        ("application/openmetrics-text;version=9.0.0", TEXT),
        ("text/plain, application/openmetrics-text", TEXT),
        ('Application/OpenMetrics-Text; version="1.0.0" ; Q=0.3 , */*; q=0.2', OPENMETRICS),
        ("application/openmetrics-text;q=much", TEXT),
        ("text/html,*/*;q=0.8", TEXT),
        ("text/html", TEXT),
    ],
)
def test_the_format_is_the_one_that_is_liked_best(serve_fake: Serve, accept: str, expected: str) -> None:
    assert serve_fake().get("/metrics", Accept=accept).headers["content-type"].startswith(expected)


def test_headers_that_come_twice_are_read_as_one(serve_fake: Serve) -> None:
    both = "Accept: text/plain;q=0.5\r\nAccept: application/openmetrics-text"
    answer = serve_fake().send(f"GET /metrics HTTP/1.1\r\n{both}\r\nConnection: close\r\n\r\n".encode())
    assert answer.headers["content-type"].startswith(OPENMETRICS)


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [("gzip", True), ("*", True), ("gzip;q=0.001", True), ("*, gzip;q=0", False), ("identity", False)],
)
def test_a_coding_s_own_weight_counts_before_that_of_all(
    serve_fake: Serve, accepted: str, is_packed: bool
) -> None:
    headers = serve_fake().get("/metrics", Accept_Encoding=accepted).headers
    assert ("content-encoding" in headers) is is_packed


@pytest.mark.parametrize(
    ("path", "method", "status", "words"),
    [
        ("/", "GET", 200, "/metrics"),
        ("/-/healthy", "GET", 200, "healthy"),
        ("/-/ready", "GET", 200, "ready"),
        ("/sd/node", "GET", 200, "[]"),
        ("/nothing", "GET", 404, "there is no page '/nothing'"),
        ("/nothing", "BREW", 404, "there is no page"),
        ("/metrics", "BREW", 405, "/metrics takes GET and HEAD"),
        ("/metrics", "POST", 405, "/metrics takes GET and HEAD"),
        ("/-/reload", "GET", 405, "/-/reload takes POST and PUT"),
        ("/%ff", "GET", 400, "path cannot be read"),
        ("//[", "GET", 404, "there is no page"),
    ],
)
def test_each_path_has_its_answer(serve_fake: Serve, path: str, method: str, status: int, words: str) -> None:
    served = serve_fake()
    answer = served.get(path, method)
    assert (answer.status, words in answer.text) == (status, True), answer
    assert served.metric("infra_exporter_rejected_requests_total") == (status >= 400)


def test_a_head_has_no_body(serve_fake: Serve) -> None:
    answer = serve_fake().get("/-/healthy", "HEAD")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "8", b"")


def test_a_connection_is_kept_for_the_next_request(serve_fake: Serve) -> None:
    with serve_fake().connect() as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\n\r\nGET /-/ready HTTP/1.1\r\nConnection: close\r\n\r\n")
        answer = received(client)
    assert answer.status == 200
    assert b"healthy\nHTTP/1.1 200" in answer.body


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200_000, 431),
        (b"POST /-/reload HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n", 413),
        (b"POST /-/reload HTTP/1.1\r\nContent-Length: 0000000009999999999\r\n\r\n", 413),
        (b"POST /-/reload HTTP/1.1\r\nContent-Length: 4097\r\n\r\n", 413),
        (b"POST /-/reload HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"POST /-/reload HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST /-/reload HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 413),
        (b"POST /-/reload HTTP/1.1\r\nContent-Length:\r\n\r\n", 413),
        (b"POST /-/reload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
        (b"hello\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    ],
    ids=[
        *("line", "header", "headers", "endless"),
        *("body", "noughts", "one more", "digits", "two", "negative", "empty", "chunked"),
        *("none", "0.9", "9.9", "tls"),
    ],
)
def test_what_is_no_request_is_refused_with_a_line(serve_fake: Serve, data: bytes, status: int) -> None:
    served = serve_fake()
    answer = served.send(data)
    assert (answer.status, len(answer.text.splitlines())) == (status, 1)
    assert served.metric("infra_exporter_rejected_requests_total") == 1


@pytest.mark.parametrize("length", ["5", "0000000005"])
def test_a_body_is_passed_over(serve_fake: Serve, length: str) -> None:
    with serve_fake().connect() as client:
        head = f"GET /-/healthy HTTP/1.1\r\nContent-Length: {length}\r\n\r\n"
        client.sendall(f"{head}helloGET /-/ready HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        assert b"healthy\nHTTP/1.1 200" in received(client).body


def test_a_byte_now_and_then_does_not_keep_a_connection(
    serve_fake: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve_fake()
    with served.connect() as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\n\r\n")
        assert client.recv(65536)
        monkeypatch.setattr(connection, "TO_ASK", 0.3)
        client.settimeout(0.05)
        assert any(_is_closed(client, byte) for byte in b"GET /metrics HTTP/1.1\r\n" * 1000)
    assert served.metric("infra_exporter_rejected_requests_total") == 1


def _is_closed(client: socket.socket, byte: int) -> bool:
    """Whether the other side is gone, where it has been sent one byte more."""
    try:
        client.send(bytes([byte]))
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_connection_on_which_nothing_is_asked_is_no_request(
    serve_fake: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve_fake()
    with monkeypatch.context() as hasty:
        hasty.setattr(connection, "TO_ASK", 0.1)
        with served.connect() as silent:
            assert silent.recv(1) == b""
    monkeypatch.setattr(connection, "IDLE", 0.1)
    with served.connect() as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\n\r\n")
        assert received(client).text == "healthy\n"
    assert served.metric("infra_exporter_rejected_requests_total") == 0


def test_one_scrape_too_many_is_to_come_again_and_others_are_not_held_up(serve_fake: Serve) -> None:
    served = serve_fake(most_at_once=1)
    served.exporter.gate = Event()
    first: list[Response] = []
    thread = Thread(target=lambda: first.append(served.get("/metrics")))
    thread.start()
    assert served.exporter.inside.wait(60)
    second = served.get("/metrics")
    assert (second.status, second.headers["retry-after"]) == (503, "1")
    assert served.get("/-/healthy").status == 200
    served.exporter.gate.set()
    thread.join(60)
    assert first[0].status == 200
    assert served.get("/metrics").status == 200


def test_probes_of_who_is_silent_keep_out_no_scrape(serve_fake: Serve) -> None:
    served = serve_fake(most_at_once=1)
    served.exporter.probe_gate = Event()
    first: list[Response] = []
    thread = Thread(target=lambda: first.append(served.get("/probe?target=room")))
    thread.start()
    try:
        assert served.exporter.probing.wait(60)
        assert served.get("/probe?target=room").status == 503
        assert served.get("/metrics").status == 200
    finally:
        served.exporter.probe_gate.set()
        thread.join(60)
    assert first[0].status == 200


def test_one_connection_too_many_is_told_so_and_the_next_has_its_place(serve_fake: Serve) -> None:
    served = serve_fake(most=1)
    with served.connect() as kept:
        kept.sendall(b"GET /-/healthy HTTP/1.1\r\n\r\n")
        assert kept.recv(1)
        with served.connect() as another:
            answer = received(another)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert len(answer.body) == int(answer.headers["content-length"])
    assert any(served.get("/-/healthy").status == 200 for _ in patiently())


def test_where_no_thread_is_to_be_had_no_place_is_lost(
    serve_fake: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve_fake(most=1)
    with monkeypatch.context() as exhausted:
        exhausted.setattr(Thread, "start", _cannot_start)
        for _ in range(2):
            with pytest.raises(ConnectionError):
                served.get("/-/healthy")
    assert any(served.get("/-/healthy").status == 200 for _ in patiently())
    assert "connection: RuntimeError: can't start new thread" in capsys.readouterr().err


def _cannot_start(_thread: Thread) -> None:
    raise RuntimeError("can't start new thread")


def patiently() -> Iterator[None]:
    """A try a moment, for as long as a slow machine may take."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        yield
        time.sleep(0.02)


def test_a_defect_of_an_exporter_is_a_line_and_no_traceback(
    serve_fake: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve_fake()
    served.exporter.defect = KeyError("what\nnobody thought of")
    answer = served.get("/metrics")
    assert (answer.status, len(answer.text.splitlines())) == (500, 1)
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "KeyError" in said
    assert "conftest.py" in said


def test_a_defect_of_the_server_is_a_line_too(
    serve_fake: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve_fake()
    monkeypatch.setattr(connection.Connection, "setup", lambda _connection: 1 / 0)
    with pytest.raises(ConnectionError):
        served.get("/metrics")
    monkeypatch.undo()
    assert served.get("/metrics").status == 200
    said = capsys.readouterr().err
    assert said.startswith("connection: ZeroDivisionError: division by zero (")
    assert len(said.splitlines()) == 1


def test_a_reload_takes_the_new_one_and_a_bad_one_leaves_the_old(
    serve_fake: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve_fake()
    served.exporter.value = 7
    assert served.get("/-/reload", "POST").status == 200
    assert len(served.exporter.configured) == 2
    succeeded = served.metric("infra_exporter_config_last_reload_success_timestamp_seconds")
    served.exporter.is_bad = True
    answer = served.get("/-/reload", "PUT")
    assert (answer.status, "the inventory of the test is bad" in answer.text) == (500, True)
    assert "the inventory before stays" in capsys.readouterr().err
    assert served.metric("infra_exporter_config_last_reload_successful") == 0
    assert served.metric("infra_exporter_config_last_reload_success_timestamp_seconds") == succeeded > 1e9
    assert "infra_path_targets 7" in served.get("/metrics").text


def test_requests_do_not_reload_unless_that_is_on(serve_fake: Serve) -> None:
    served = serve_fake(is_lifecycle=False)
    assert served.get("/-/reload", "POST").status == 403
    assert len(served.exporter.configured) == 1


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("target=room", 200, 'infra_room_up{room="room"} 1'),
        ("target=room&module=sip", 200, "infra_room_up"),
        ("target=room&debug=true", 200, "asked room\n\nmetrics:\n# HELP infra_room_up"),
        ("", 400, "which target?"),
        ("target=10.0.0.1", 400, "there is no room '10.0.0.1'"),
        ("target=room&module=http", 400, "there is no module 'http'"),
    ],
)
def test_a_probe_looks_at_what_it_knows(serve_fake: Serve, query: str, status: int, words: str) -> None:
    answer = serve_fake().get(f"/probe?{query}")
    assert (answer.status, words in answer.text) == (status, True), answer.text


@pytest.mark.parametrize(
    ("header", "seconds"), [(None, 9.5), ("10", 9.5), ("3.5", 3.0), ("0.4", 0.2), ("9999", 120)]
)
def test_a_probe_ends_before_its_scrape(serve_fake: Serve, header: str | None, seconds: float) -> None:
    served = serve_fake()
    headers = {"X-Prometheus-Scrape-Timeout-Seconds": header} if header else {}
    assert served.get("/probe?target=room", **headers).status == 200
    assert served.exporter.timeouts == [seconds]


@pytest.mark.parametrize("header", ["soon", "-1", "nan", "inf", "0"])
def test_a_timeout_that_is_none_is_refused(serve_fake: Serve, header: str) -> None:
    headers = {"X-Prometheus-Scrape-Timeout-Seconds": header}
    answer = serve_fake().get("/probe?target=room", **headers)
    assert (answer.status, "no number of seconds" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":9870", "", 9870),
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("[::1]:9870", "::1", 9870),
        ("dc-monitor-1.example:65535", "dc-monitor-1.example", 65535),
    ],
)
def test_an_address_is_read_as_go_reads_it(text: str, host: str, port: int) -> None:
    assert address(text) == Address(host, port)


@pytest.mark.parametrize("text", ["9870", "", ":", ":65536", "::1:9870", "[::1]", "a b:1", "http://a:1"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UnusableError, match="is no HOST:PORT"):
        address(text)


def test_several_addresses_are_one_exporter(serve_fake: Serve) -> None:
    serving = serve_fake().serving
    both = listen((Address("127.0.0.1", 0), Address("", 0)), serving)
    begin(both)
    try:
        for each in both:
            with socket.create_connection(("127.0.0.1", each.server_address[1]), timeout=60) as client:
                client.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
                assert received(client).text == "healthy\n"
        with pytest.raises(UnusableError, match="cannot listen on"):
            listen((Address("127.0.0.1", 0), Address("127.0.0.1", both[0].server_address[1])), serving)
    finally:
        end(both)


def test_a_client_that_goes_in_the_middle_harms_nobody(serve_fake: Serve) -> None:
    served = serve_fake()
    for _ in range(20):
        with served.connect() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert served.get("/metrics").status == 200
