"""The controller's side of the dead-man timer: calls `deadman.sh` on a router and says what it answered."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from functools import cache
from shlex import quote
from typing import Literal

from infra_ctl.deadman import script
from infra_ctl.drivers.base import Pending, Reading, TakenBack
from infra_ctl.drivers.command import Completed
from infra_ctl.drivers.frr import router
from infra_ctl.drivers.frr.rejection import rejection
from infra_ctl.drivers.frr.shell import Shell, decoded, encoded, said
from infra_ctl.errors import (
    BusyError,
    DeviceError,
    NoSpaceError,
    RejectedError,
    SessionLostError,
)

ANSWERS: Mapping[int, type[DeviceError]] = {
    **script.ANSWERS,
    41: BusyError,  # the running configuration has changed
    43: RejectedError,
    46: SessionLostError,  # the candidate did not arrive whole
}
"""What the exit codes of deadman.sh mean."""

WORDS = {
    "commit": "committed",
    "confirm": "confirmed",
    "revert": "reverted",
    "lease": "leased",
    "release": "released",
}
"""What deadman.sh prints once it has done a command: exit code 0 without it proves nothing."""

REFUSED = 43

LOCKED = "VTY configuration is locked by other VTY"
"""What FRR says, refusing, when somebody else is in `configure terminal`: nothing was touched."""

MARK = re.compile(r"\S+ \d+")
UPTIME = re.compile(r"[\d.]+ [\d.]+")
"""The one line of /proc/uptime (proc(5))."""

TOKEN = re.compile(r"[\w.:-]+", re.ASCII)

OWNER = re.compile(r"[\w.@:-]+", re.ASCII)

PATIENCE = 30.0
"""Seconds to wait for an answer beyond the time that the work itself may take."""


@cache
def _timer() -> script.Script:
    """What a router is brought."""
    return script.Script.of("deadman", "infra_ctl.drivers.frr")


def new_token() -> str:
    """A name for a commit that nobody else gives one."""
    return secrets.token_hex(8)


def commit(
    shell: Shell,
    candidate: str,
    *,
    base: str,
    revert_in: int,
    token: str,
    mode: Literal["replace", "merge"] = "replace",
    fence: int | None = None,
) -> None:
    """Arm the timer (`revert_in` seconds), then put `candidate` in force: see ConfigDriver.apply.

    `base` is the running configuration as `router.running` gave it. Raises BusyError, NoSpaceError,
    RejectedError, NotRestoredError, SessionLostError; DeviceError when the timer does not start.
    """
    if not TOKEN.fullmatch(token):
        raise ValueError(f"a token is letters, digits and .:_-, not {token!r}")
    started = time.monotonic()
    arguments = ["commit", mode, str(revert_in), token, _sha256(base), _sha256(candidate)]
    arguments += [str(fence)] if fence is not None else []
    done = _call(shell, arguments, encoded(candidate), timeout=revert_in + PATIENCE)
    if done.rc == 0 and time.monotonic() - started >= revert_in:
        raise SessionLostError(shell.device, f"the answer took over {revert_in} s: the timer took it back")
    _raise_for(shell.device, done, "commit", candidate)


def lease(shell: Shell, owner: str, token: str, seconds: int) -> int:
    """Take or renew the lease: see ConfigDriver.lease. Raises BusyError while somebody else has it."""
    if not TOKEN.fullmatch(token) or not OWNER.fullmatch(owner):
        raise ValueError(f"not a token and an owner: {token!r}, {owner!r}")
    done = _call(shell, ["lease", token, owner, str(seconds)], timeout=PATIENCE)
    word, _, number = said(done.stdout).partition(" ")
    if done.rc == 0 and word == "leased" and number.isdecimal():
        return int(number)
    _raise_for(shell.device, done, "lease")
    raise SessionLostError(shell.device, f"no word of a lease: {said(done.stdout)}")


def release(shell: Shell, token: str) -> None:
    """Give the lease back, where `token` still has it."""
    _raise_for(shell.device, _call(shell, ["release", token], timeout=PATIENCE), "release")


def confirm(shell: Shell, token: str) -> None:
    """Keep what `commit` did, over a reboot too. Raises BusyError when nothing of `token` is pending."""
    _raise_for(shell.device, _call(shell, ["confirm", token], timeout=2 * PATIENCE), "confirm")


def restore(shell: Shell, token: str) -> None:
    """Take back what `commit` did. Raises NotRestoredError; BusyError when nothing of `token` is pending."""
    _raise_for(shell.device, _call(shell, ["revert", token], timeout=8 * PATIENCE), "revert")


def pending(shell: Shell) -> Pending | None:
    """The unconfirmed commit; seconds count on the device's uptime, which no clock change moves."""
    return _marked(shell.device, decoded(shell.run(_mark(shell)).stdout))[0]


def reading(shell: Shell) -> Reading:
    """The running configuration, the unconfirmed commit that it may be for now, the one last taken back."""
    taken_back = f"cat {quote(f'{shell.state}/taken-back')} 2>/dev/null || echo"
    answer = shell.text(f"{_mark(shell)}; {taken_back}; {router.RUNNING}")
    mark, rest = _marked(shell.device, answer)
    note, _, running = rest.partition("\n")
    return Reading(running, mark, _taken_back(note))


def _taken_back(note: str) -> TakenBack | None:
    match note.split():
        case [token, ("timer" | "restart") as by]:
            return TakenBack(token, by)
    return None


def _mark(shell: Shell) -> str:
    """Prints the mark, where there is one, and the uptime."""
    return f"cat {quote(f'{shell.state}/pending/mark')} /proc/uptime 2>/dev/null"


def _marked(device: str, answer: str) -> tuple[Pending | None, str]:
    """What `_mark` printed, and what follows it. Raises DeviceError for what no mark looks like."""
    first, _, rest = answer.partition("\n")
    if UPTIME.fullmatch(first):  # there is no mark
        return None, rest
    uptime, _, rest = rest.partition("\n")
    if not MARK.fullmatch(first) or not UPTIME.fullmatch(uptime):
        raise DeviceError(device, f"cannot understand the mark of its dead-man timer: {first!r}")
    token, deadline = first.split()
    return Pending(token, max(0, int(deadline) - int(float(uptime.split()[0])))), rest


def _call(shell: Shell, arguments: list[str], stdin: bytes = b"", *, timeout: float) -> Completed:
    call = _timer().call(shell.state, arguments)
    done = shell.run(call, stdin, timeout)
    if done.rc == script.MISSING:
        _upload(shell)
        done = shell.run(call, stdin, timeout)
    return done


def _upload(shell: Shell) -> None:
    done = shell.run(_timer().installation(shell.state), _timer().text.encode())
    if done.rc != 0:
        failure = ANSWERS.get(done.rc, NoSpaceError)
        raise failure(shell.device, f"cannot install the dead-man timer: {said(done.stderr)}")


def _raise_for(device: str, done: Completed, command: str, candidate: str = "") -> None:
    """Nothing when `command` says that it is done. An answer that is none leaves the device to be asked."""
    if done.rc == 0 and said(done.stdout) == WORDS[command]:
        return
    if done.rc not in ANSWERS:
        reason = said(done.stderr) or "no word of what it did"
        raise SessionLostError(device, f"dead-man timer ended with {done.rc}: {reason}")
    if done.rc == REFUSED and LOCKED in said(done.stderr):
        raise BusyError(device, "somebody is in `configure terminal` on the device")
    raise ANSWERS[done.rc](device, rejection(done.stderr, candidate) or "frr-reload.py was killed")


def _sha256(text: str) -> str:
    return hashlib.sha256(encoded(text)).hexdigest()
