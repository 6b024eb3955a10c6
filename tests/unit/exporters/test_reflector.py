"""The reflector as a process: signals, and addresses that come and go. Loopback's stand for sites'."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra_ctl.probe.stamp import Reflected, Sent

SITES = """
import sys
from ipaddress import ip_address
from pathlib import Path
from exporters import reflector

reflector.site_addresses = lambda _city: tuple(map(ip_address, Path(sys.argv[1]).read_text().split()))
reflector.main(sys.argv[2:])
"""
ELSEWHERE = f"""
import signal
import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGTERM))
{SITES}
"""
"""The kernel gives signals to the one thread that takes them, which is not the one that answers."""
PATIENCE = 60.0


class Reflecting:
    """A running reflector, and a sender that it knows."""

    def __init__(self, process: subprocess.Popen[str], port: int, sender: socket.socket) -> None:
        self.process, self._port, self._sender = process, port, sender

    def says(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def number(self, address: str) -> int:
        """Of the session there."""
        self._sender.sendto(Sent(0, 1).encoded(), (address, self._port))
        found = Reflected.decoded(self._sender.recv(4096))
        assert found is not None
        return found.sequence


@contextmanager
def reflecting(folder: Path, sites: Path, script: str = SITES) -> Iterator[Reflecting]:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as reserved,
        socket.socket(type=socket.SOCK_DGRAM) as sender,
    ):
        reserved.bind(("127.0.0.9", 0))
        sender.settimeout(PATIENCE)
        port = reserved.getsockname()[1]
        options = ("-i", str(folder), "--port", str(port), "--allow", "127.0.0.0/8")
        command = (sys.executable, "-c", script, str(sites), *options)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            yield Reflecting(process, port, sender)
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def running(small_folder: Path, tmp_path: Path) -> Iterator[Reflecting]:
    (tmp_path / "sites").write_text("127.0.0.1")
    with reflecting(small_folder, tmp_path / "sites") as found:
        line = found.says()
        assert line.startswith("reflecting on 1 addresses, UDP port "), line
        yield found


def test_a_reload_answers_on_what_came_up_and_goes_on_with_what_was_there(
    running: Reflecting, tmp_path: Path
) -> None:
    sites = tmp_path / "sites"
    assert running.number("127.0.0.1") == 0
    sites.write_text("127.0.0.1 127.0.0.2")
    running.process.send_signal(signal.SIGHUP)
    assert running.says().startswith("reflecting on 2 addresses")
    assert running.says() == "reloaded\n"
    assert (running.number("127.0.0.1"), running.number("127.0.0.2")) == (1, 0)
    sites.write_text("192.0.2.1")
    running.process.send_signal(signal.SIGHUP)
    assert running.says().startswith("not reloaded, the inventory before stays: no site of ")
    assert running.number("127.0.0.1") == 2


def test_sigterm_ends_it_well(running: Reflecting) -> None:
    running.process.terminate()
    assert running.process.wait(PATIENCE) == 0


def test_a_signal_that_another_thread_was_given_does_not_wait_for_a_packet(
    small_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "sites").write_text("127.0.0.1")
    with reflecting(small_folder, tmp_path / "sites", ELSEWHERE) as running:
        assert running.says().startswith("reflecting on 1 addresses")
        running.process.terminate()
        assert running.process.wait(PATIENCE) == 0
