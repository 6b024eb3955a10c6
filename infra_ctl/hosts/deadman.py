"""The worker's side of the dead-man timer of a host: calls `deadman.sh` there and says what it answered."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import cache

from pyinfra.facts.server import Command

from infra_ctl.change.operations import Operation, Run, Service, User
from infra_ctl.deadman.script import ANSWERS, MISSING, Script
from infra_ctl.errors import BusyError, NoSpaceError, SessionLostError
from infra_ctl.hosts.cause import telling
from infra_ctl.hosts.composed import home_of
from infra_ctl.hosts.session import Said, asked

STATE = "/var/lib/infra-ctl"
"""Folder on the host, the one that the dead-man timer of FRR has."""

WORD = re.compile(r"[\w.@:-]+", re.ASCII)

PATIENCE = 90.0
"""Seconds that an answer may take: the script waits for a lock for up to 60."""

ON_TRIAL = asked(
    Command,
    command=f"{{ read -r token deadline <{STATE}/host-pending/mark && read -r up _ </proc/uptime && "
    'echo "$token $((deadline - ${up%%.*}))"; } 2>/dev/null || true',
)
"""Asks a host, before all other facts, which run has something on trial, and for how many seconds more."""

Shell = Callable[[str, str, float], Said]
"""Runs POSIX shell text as root: script, stdin, timeout."""


@cache
def _timer() -> Script:
    """What a host is brought."""
    return Script.of("host-deadman", "infra_ctl.hosts")


def lease(part: str, shell: Shell, token: str, owner: str, seconds: int) -> int:
    """Take or renew the lease. Raises BusyError while somebody else has it."""
    said = _call(part, shell, ["lease", _word(token), _word(owner), str(seconds)])
    word, _, number = said.partition(" ")
    if word == "leased" and number.isdecimal():
        return int(number)
    raise SessionLostError(part, f"no word of a lease: {said}")


def release(part: str, shell: Shell, token: str) -> None:
    """Give the lease back, where `token` still has it."""
    _expect(part, "released", _call(part, shell, ["release", _word(token)]))


def begin(part: str, shell: Shell, token: str, fence: int | None) -> bool:
    """Whether what `token` once left on trial was taken back. Raises BusyError where it may do nothing."""
    said = _call(part, shell, ["begin", _word(token), *_fence(fence)])
    return said == "taken back" or _expect(part, "ready", said)


def arm(
    part: str, shell: Shell, token: str, seconds: int, fence: int | None, guarded: Iterable[Operation]
) -> None:
    """Start the timer for what is guarded. Raises BusyError, NoSpaceError, DeviceError: all is as before."""
    stdin = "".join(f"{line}\n" for each in guarded for line in _way_back(each))
    _expect(part, "armed", _call(part, shell, ["arm", _word(token), str(seconds), *_fence(fence)], stdin))


def is_on_trial(part: str, said: str | None, token: str) -> bool:
    """Whether `token` has something on trial, as ON_TRIAL says. Raises BusyError where another run has."""
    holder, _, seconds = (said or "").partition(" ")
    if holder and holder != token:
        raise BusyError(part, f"a guarded change of run {holder} is on trial for another {seconds} s")
    return bool(holder)


def confirm(part: str, shell: Shell, token: str) -> None:
    """Keep what was changed since `arm`. Raises BusyError when nothing of `token` is on trial."""
    _expect(part, "confirmed", _call(part, shell, ["confirm", _word(token)]))


def revert(part: str, shell: Shell, token: str) -> None:
    """Take it back now. Raises NotRestoredError; BusyError when nothing of `token` is on trial."""
    _expect(part, "reverted", _call(part, shell, ["revert", _word(token)]))


def outcome(part: str, shell: Shell, token: str) -> str:
    """`pending` and its seconds, `taken back` or `nothing`."""
    return _call(part, shell, ["outcome", _word(token)])


def _way_back(operation: Operation) -> Iterable[str]:
    """What deadman.sh has to know of a guarded operation."""
    match operation:
        case User():
            yield f"file {home_of(operation)}/.ssh/authorized_keys"
        case Service():
            yield f"unit {operation.unit} {'restart' if operation.restart_after else 'reload'}"
        case Run():
            yield f"run {_one_line(operation.command)}"
        case _ if path := getattr(operation, "path", ""):
            yield f"file {path}"


def _one_line(command: str) -> str:
    """A command of several lines as one that does the same."""
    if "\n" not in command.strip():
        return command.strip()
    return f"echo {b64encode(command.encode()).decode()} | base64 -d | sh"


def _word(text: str) -> str:
    if not WORD.fullmatch(text):
        raise ValueError(f"a token or an owner is letters, digits and .:@_-, not {text!r}")
    return text


def _fence(number: int | None) -> list[str]:
    return [] if number is None else [str(number)]


def _expect(part: str, word: str, said: str) -> bool:
    if said != word:
        raise SessionLostError(part, f"dead-man timer did not say that it {word}: {said or 'nothing'}")
    return False


def _call(part: str, shell: Shell, arguments: list[str], stdin: str = "") -> str:
    call = _timer().call(STATE, arguments)
    said = shell(call, stdin, PATIENCE)
    if said.rc == MISSING:
        _upload(part, shell)
        said = shell(call, stdin, PATIENCE)
    if said.rc != 0:
        cause = said.stderr.strip().replace("\n", "; ") or f"dead-man timer ended with {said.rc}"
        raise ANSWERS.get(said.rc, SessionLostError)(part, cause)
    return said.stdout.strip()


def _upload(part: str, shell: Shell) -> None:
    said = shell(_timer().installation(STATE), _timer().text, PATIENCE)
    if said.rc != 0:
        cause = telling(said.stderr.splitlines())
        raise ANSWERS.get(said.rc, NoSpaceError)(part, f"cannot install the dead-man timer: {cause}")
