"""What can be asked of an FRR router: its configurations, a comparison, its state, and whom it reaches."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from infra_ctl.drivers.base import DeviceState, Ping
from infra_ctl.drivers.frr import state
from infra_ctl.drivers.frr.difference import diff
from infra_ctl.drivers.frr.rejection import rejection
from infra_ctl.drivers.frr.shell import Shell, decoded, encoded, vtysh
from infra_ctl.errors import RejectedError

RUNNING = vtysh("show running-config no-header")

STARTUP = "cat /etc/frr/frr.conf"

COMPARE = """\
export VTYSH_HISTFILE=/dev/null
f=$(mktemp "${DEADMAN_WORK:-/run/infra-ctl}.XXXXXX") && trap 'rm -f "$f"' EXIT && cat >"$f" &&
"${FRR_RELOAD:-/usr/lib/frr/frr-reload.py}" --test --log-level warning "$f"
"""
"""The candidate goes into a file that only root reads, in memory, for as long as the comparison takes."""

PING_SECONDS = 2
"""How long a target has to answer one of the packets, which go out five a second."""

PINGS_AT_ONCE = 32

IP_AND_ICMP_HEADER = {4: 28, 6: 48}
"""Bytes by version of IP: what a ping's packet is larger than its payload (RFC 791, 792, 8200, 4443)."""


def running(shell: Shell) -> str:
    """The running configuration, with its secrets as they are."""
    return shell.text(RUNNING)


def startup(shell: Shell) -> str:
    """What FRR reads when it starts."""
    return shell.text(STARTUP)


def compare(shell: Shell, candidate: str) -> str:
    """What would change if `candidate` replaced the running configuration. Raises RejectedError."""
    done = shell.run(COMPARE, encoded(candidate))
    if done.rc != 0:  # what it prints then says "delete everything"
        raise RejectedError(
            shell.device, rejection(done.stderr, candidate) or f"comparison ended with {done.rc}"
        )
    return diff(decoded(done.stdout))


def sweep(shell: Shell, *, routes: bool = False, timeout: float = 60.0) -> DeviceState:
    """Interfaces and neighbours, in one call of vtysh. Raises DeviceError where FRR does not answer.

    vtysh stops at a command whose daemon is not running: what is left of the list is asked again without
    it, so a daemon that is missing has no neighbours and hides nobody else's.
    """
    answers: dict[str, str] = {}
    left = list(state.COMMANDS_WITH_ROUTES if routes else state.COMMANDS)
    while left:
        done = shell.run(vtysh(*left, echo=True), timeout=timeout)
        answers |= state.split_echo(decoded(done.stdout), left)
        last = max((index for index, command in enumerate(left) if command in answers), default=0)
        left = left[last + 1 :]
    return state.interpret(shell.device, answers)


def ping(shell: Shell, questions: Sequence[Ping]) -> tuple[bool, ...]:
    """Which targets answer at least one packet, asked all at once from the router itself."""
    if not questions:
        return ()
    waves = -(-len(questions) // PINGS_AT_ONCE)
    answered = shell.text("/bin/sh -s", ping_script(questions).encode(), timeout=30.0 + waves * PING_SECONDS)
    numbers = {int(number) for number in answered.split()}
    return tuple(index in numbers for index in range(len(questions)))


def ping_script(questions: Sequence[Ping]) -> str:
    """Shell text that prints the index of every question whose target answers."""
    lines = []
    for index, question in enumerate(questions):
        lines.append(f"{{ {_ping_command(question)} >/dev/null 2>&1 && echo {index}; }} &")
        if (index + 1) % PINGS_AT_ONCE == 0:
            lines.append("wait")
    return "\n".join([*lines, "wait"])


def _ping_command(question: Ping) -> str:
    """With `-w`, ping ends at the first answer (`-c 1`) and sends again until then."""
    version = ipaddress.ip_address(question.target).version
    size = ""
    if question.size is not None:
        size = f" -M do -s {max(0, question.size - IP_AND_ICMP_HEADER[version])}"
    return f"ping -{version} -n -q -c 1 -i 0.2 -w {PING_SECONDS}{size} -I {question.source} {question.target}"
