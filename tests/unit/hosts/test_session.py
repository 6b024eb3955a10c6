"""Facts: gathered in one round trip, and what they mean."""

from __future__ import annotations

import socket
import subprocess
from unittest.mock import Mock

import pytest
from pyinfra.facts.files import FileContents
from pyinfra.facts.server import Command, Users

from infra_ctl.errors import CredentialsError, DeviceError, UnreachableError
from infra_ctl.hosts import session
from infra_ctl.hosts.protocol import Way
from infra_ctl.hosts.session import QuickUsers, Said, asked
from infra_ctl.hosts.worker import Worker


class Shell:
    """Root's shell of a host, which is this machine's."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, script: str, stdin: str = "", timeout: float = 60) -> Said:
        self.asked += 1
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def host(monkeypatch):
    worker = Worker(lambda _answer: None)
    host = worker._adopted(Way(part="a", address="10.0.0.1", username="infra", known_hosts="/none"))
    monkeypatch.setattr(host.connector, "as_root", Shell())
    return host


def echo(text: str):
    return asked(Command, command=f"printf '{text}'")


def test_all_that_is_wanted_comes_with_the_first_that_is_asked(host):
    host.facts.wanted = (echo("one\\n"), echo(""), echo("two\\nthree"))
    assert host.get_fact(Command, command="printf 'one\\n'") == "one"
    assert host.get_fact(Command, command="printf ''") is None
    assert host.get_fact(Command, command="printf 'two\\nthree'") == "two\nthree"
    assert host.connector.as_root.asked == 1


UNKNOWN_HOST = "sudo: unable to resolve host a: Name or service not known\n"


@pytest.mark.parametrize("before", ["", UNKNOWN_HOST])
def test_what_sudo_warns_of_is_no_refusal(host, monkeypatch, before):
    def run(stderr: str) -> Said:
        monkeypatch.setattr(session, "_transport", lambda _client: Mock())
        monkeypatch.setattr(session, "_exchanged", lambda *_: Said(1, "", before + stderr))
        return session.run_as_root(None, host.way.model_copy(update={"sudo": True}), "", "", 1)

    for stderr in ("", "no such file\n"):
        assert run(stderr).rc == 1
    with pytest.raises(CredentialsError, match="sudo refused: a password is required"):
        run("sudo: a password is required\n")


def test_blank_lines_of_a_file_are_kept_and_no_command_reads_the_next_one(host, tmp_path):
    file = tmp_path / "file"
    file.write_text("one\n\ntwo\n\n")
    host.facts.wanted = (asked(Command, command="cat; echo all"), asked(FileContents, path=str(file)))
    assert host.get_fact(FileContents, path=str(file)) == ["one", "", "two", ""]
    assert host.get_fact(Command, command="cat; echo all") == "all"


def test_a_fact_that_cannot_be_had_says_why(host):
    host.facts.wanted = (echo("fine"),)
    with pytest.raises(DeviceError, match=r"a: cannot read its server\.Command: cannot say"):
        host.get_fact(Command, command="echo other >&2; echo cannot say >&2; exit 3")


def test_facts_that_are_too_old_do_not_count(host):
    host.gather([echo("x")])
    host.facts.forget_old()
    assert host.facts.values
    host.facts.since -= 1000
    host.facts.forget_old()
    assert not host.facts.values


def test_accounts_are_those_that_pyinfra_sees(host):
    def seen(fact: Users) -> dict:
        users = fact.process(host.connector.as_root(fact.command()).stdout.splitlines())
        return {name: each | {"lastlog": None, "login_time": None} for name, each in users.items()}

    assert seen(QuickUsers()) == seen(Users())


def test_what_the_first_of_its_addresses_says_is_what_counts():
    """The other has no scope, so that nobody is asked; a machine without IPv6 says as little."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    way = Way(
        part="a",
        address="127.0.0.1",
        others=("fe80::1",),
        port=port,
        username="infra",
        known_hosts="/dev/null",
    )
    with pytest.raises(UnreachableError, match="a: connection refused"):
        Worker(lambda _answer: None)._adopted(way).connector.connect()
