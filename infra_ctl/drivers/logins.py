"""Who logged in to a machine, by its own log: the journal of sshd and sudo, or auth.log where it has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from shlex import quote

from infra_ctl.drivers.command import CommandRunner

# All times are the machine's own; its idea of now and its name come first.
LOG = r"""
export LC_ALL=C TZ=UTC
date +%s
uname -n
age=$AGE
if command -v journalctl >/dev/null && journalctl -q -n 1 -t sshd 2>/dev/null | grep -q .; then
    journalctl -q --no-pager -o short-unix -t sshd -t sudo --since "-${age}s" 2>/dev/null
else
    tail -n 2000 /var/log/auth.log 2>/dev/null
fi | grep -E 'sshd.*Accepted |sudo.*COMMAND=' || true
"""

_ACCEPTED = re.compile(
    r"^(?P<at>\d+\.\d+|\d{4}-\S+|\w{3} [ \d]\d [\d:]{8}) (?P<host>\S+) sshd\S*: "
    r"Accepted \S+ for (?P<user>\S+) from (?P<source>\S+) port \d+ ssh2(?:: \S+ (?P<key>SHA256:\S+))?"
)
"""A time as journalctl, rsyslog or the syslog of old writes it, then what sshd says."""
_SUDO = re.compile(
    r"^(?P<at>\d+\.\d+|\d{4}-\S+|\w{3} [ \d]\d [\d:]{8}) (?P<host>\S+) sudo\S*:\s+"
    r"(?P<user>\S+) : .*?COMMAND=(?P<program>\S+)"
)
"""What sudo says of a command: its program only is kept, for an argument may be a secret."""


@dataclass(frozen=True, slots=True)
class Login:
    """One that a machine let in."""

    user: str
    source: str
    """The address that it came from."""
    key: str
    """Its key's fingerprint; empty for a password."""
    at: datetime | None = field(default=None, compare=False)
    """When, by the machine's own clock."""
    ran: tuple[str, ...] = field(default=(), compare=False)
    """Programs that this account has run by sudo."""

    def __str__(self) -> str:
        return f"{self.user} from {self.source}{f' with {self.key}' if self.key else ''}"


Log = Callable[[str, datetime, datetime], tuple[Login, ...]]
"""Who else logged in to a device or host after one time (UTC without a zone), and before another."""


def logins(
    runner: CommandRunner,
    oldest: int,
    is_ours: Callable[[Login], bool],
    *,
    newest: int = 0,
    sudo: bool = False,
) -> tuple[Login, ...]:
    """Everybody else who came `oldest` to `newest` seconds ago, each as it came last; none without a log."""
    command = LOG.replace("$AGE", str(oldest))
    done = runner.run(f"sudo -n /bin/sh -c {quote(command)}" if sudo else command)
    at, name, *lines = [*done.stdout.decode(errors="replace").splitlines(), "", ""]
    if not at.isdecimal():
        return ()
    then, ages = datetime.fromtimestamp(int(at), UTC), range(newest, oldest + 1)
    found = tuple(accepted(lines, name, then, ages))
    others = {each: each for each in found if not is_ours(each)}.values()
    shared = {each.user for each in found if is_ours(each)}  # what that has run may have been us
    return tuple(
        each if each.user in shared else replace(each, ran=programs(lines, each.user, name, then, ages))
        for each in others
    )


def accepted(lines: list[str], name: str, now: datetime, ages: range) -> Iterator[Login]:
    """Logins in lines of a log that are as many seconds old."""
    for found, at in _said(_ACCEPTED, lines, name, now, ages):
        yield Login(found["user"], found["source"], found["key"] or "", at)


def programs(lines: list[str], user: str, name: str, now: datetime, ages: range) -> tuple[str, ...]:
    """What an account has run by sudo, each once, by lines that are as many seconds old."""
    said = (found for found, _ in _said(_SUDO, lines, name, now, ages) if found["user"] == user)
    return tuple(dict.fromkeys(found["program"].rpartition("/")[2] for found in said))


def _said(
    pattern: re.Pattern[str], lines: list[str], name: str, now: datetime, ages: range
) -> Iterator[tuple[re.Match[str], datetime]]:
    """Lines of this machine, with their times: a log that others send theirs to has theirs as well."""
    here = name.partition(".")[0]
    for found in filter(None, map(pattern.match, lines)):
        at = _at(found["at"], now)
        if found["host"].partition(".")[0] == here and int((now - at).total_seconds()) in ages:
            yield found, at


def _at(text: str, now: datetime) -> datetime:
    """A time in a log. The syslog of old has no year: it is the last one in which it is past."""
    if text[:1].isalpha():
        this = datetime.strptime(f"{now.year} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
        return this if this <= now else this.replace(year=now.year - 1)
    if "-" in text:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(text), UTC)
