"""Who logged in, by what logs say: journalctl's, rsyslog's and the syslog's of old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from os import uname
from pathlib import Path

import pytest

from infra_ctl.drivers.command import Completed, LocalRunner
from infra_ctl.drivers.logins import Login, accepted, logins

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SAID = "sshd[812]: Accepted publickey for alice from 10.9.9.9 port 5022 ssh2: ED25519 SHA256:abc/d+e"
ALICE = Login("alice", "10.9.9.9", "SHA256:abc/d+e")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"{(NOW - timedelta(seconds=9)).timestamp():.6f} dc-app-1 {SAID}", ALICE),
        (f"2026-01-02T03:03:59.120000+00:00 dc-app-1 {SAID}", ALICE),
        (f"2026-01-02T10:03:59.120000+07:00 dc-app-1.cantho.example {SAID}", ALICE),
        (f"Jan  2 03:03:59 dc-app-1 {SAID}", ALICE),
        (f"2026-01-02T03:03:59+00:00 dc-app-1 {SAID.replace('sshd[812]', 'sshd-session[812]')}", ALICE),
        (
            "2026-01-02T03:03:59Z dc-app-1 sshd[1]: Accepted password for bob from 2001:db8::1 port 9 ssh2",
            Login("bob", "2001:db8::1", ""),
        ),
        (f"2026-01-02T03:03:00+00:00 dc-app-1 {SAID}", None),
        (f"Jan  2 03:04:59 dc-app-1 {SAID}", None),
        (f"2026-01-02T03:03:59+00:00 dc-app-2 {SAID}", None),
        (f"2026-01-02T03:03:59+00:00 dc-app-1 {SAID.replace('Accepted', 'Failed')}", None),
    ],
    ids=[
        "journal",
        "rsyslog",
        "zone",
        "old",
        "session",
        "password",
        "before",
        "last year",
        "other",
        "failed",
    ],
)
def test_a_line_of_a_log(line: str, found: Login | None) -> None:
    assert list(accepted([line], "dc-app-1", NOW, range(60))) == ([found] if found else [])


class Machine:
    """One that answers every command alike, and notes them."""

    def __init__(self, *lines: str) -> None:
        self._said = "".join(f"{line}\n" for line in lines).encode()
        self.asked: list[str] = []

    def run(self, command: str, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        self.asked.append(command)
        return Completed(0, self._said, b"")

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        """There is nothing to end."""


def test_everybody_but_us_once() -> None:
    line = f"2026-01-02T03:03:59+00:00 dc-app-1 {SAID}"
    machine = Machine(f"{NOW.timestamp():.0f}", "dc-app-1", line, line, line.replace("alice", "infra"))
    assert logins(machine, 60, lambda login: login.user == "infra", sudo=True) == (ALICE,)
    assert machine.asked[0].startswith("sudo -n /bin/sh -c '")
    assert logins(Machine("sh: not found"), 60, lambda _login: False) == ()


def test_when_they_came_last_and_what_they_ran_by_sudo_without_its_arguments() -> None:
    command = "COMMAND=/usr/bin/tee -a /etc/chrony/hunter2"
    lines = (
        f"2026-01-02T03:03:09+00:00 dc-app-1 {SAID}",
        f"2026-01-02T03:03:59+00:00 dc-app-1 {SAID}",
        f"2026-01-02T03:04:00+00:00 dc-app-1 sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; {command}",
        f"2026-01-02T03:04:01+00:00 dc-app-1 sudo[81]:   alice : PWD=/ ; USER=root ; {command}",
        "2026-01-02T03:04:01+00:00 dc-app-1 sudo: bob : PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
        "2026-01-02T03:00:01+00:00 dc-app-1 sudo: alice : PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    )
    machine = Machine(f"{NOW.timestamp():.0f}", "dc-app-1", *lines)
    (found,) = logins(machine, 60, lambda _login: False)
    assert (found, found.at, found.ran) == (ALICE, NOW - timedelta(seconds=6), ("tee",))
    ours = lines[0].replace("abc/d+e", "ours")
    machine = Machine(f"{NOW.timestamp():.0f}", "dc-app-1", ours, *lines)
    (found,) = logins(machine, 60, lambda login: login.key == "SHA256:ours")
    assert (found, found.ran) == (ALICE, ()), "it may have been us, by the same account"


def test_a_real_shell_asks_the_journal_of_the_machine(tmp_path: Path) -> None:
    journal = tmp_path / "journalctl"
    said = f"{datetime.now(UTC).timestamp():.6f} {uname().nodename} {SAID}"
    journal.write_text(f"#!/bin/sh\necho '{said}'\necho '{said.replace('Accepted', 'Failed')}'\n")
    journal.chmod(0o755)
    here = LocalRunner("here", ("env", f"PATH={tmp_path}:/usr/bin:/bin"))
    assert logins(here, 60, lambda _login: False) == (ALICE,)
