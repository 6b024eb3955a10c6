"""What a host still owes: operations that answer to a change which was done, and were not done themselves.

A file that was written and whose service was never reloaded, because the session was cut in between, looks as
it should be. So the debt is noted on the host before the change, and struck off after the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from shlex import quote
from urllib.parse import quote as escaped
from urllib.parse import unquote

from pyinfra.facts.server import Command

from infra_ctl.change.operations import Operation, triggers
from infra_ctl.hosts.session import asked

FOLDER = "/var/lib/infra-ctl/owed"

FACT = asked(Command, command=f"ls -1 {FOLDER} 2>/dev/null || true")
"""Asks a host for what it owes."""

Debt = tuple[str, str]
"""Ids of an operation that is to answer, and of the change that it answers to."""


def debts(listed: str | None) -> frozenset[Debt]:
    """What the fact means."""
    pairs = (line.partition("@") for line in (listed or "").splitlines())
    return frozenset((unquote(answer), unquote(change)) for answer, _, change in pairs)


def of_change(operations: Iterable[Operation], change: str) -> frozenset[Debt]:
    """Who has to answer to it."""
    return frozenset((each.id, change) for each in operations if change in triggers(each))


def changes(operations: Iterable[Operation], owed: Collection[Debt], answer: Operation) -> list[Operation]:
    """Of a host's operations, those whose change of an earlier run one has not answered to."""
    return [each for each in operations if each.id in triggers(answer) and (answer.id, each.id) in owed]


def note(owed: Iterable[Debt]) -> str:
    """Shell text that writes debts down, on the disk."""
    return f"umask 077; mkdir -p {FOLDER} && touch {_names(owed)} && sync {FOLDER}"


def strike(owed: Iterable[Debt]) -> str:
    """Shell text that strikes them off."""
    return f"rm -f {_names(owed)}"


def _names(owed: Iterable[Debt]) -> str:
    names = (f"{escaped(answer, safe='')}@{escaped(change, safe='')}" for answer, change in sorted(owed))
    return " ".join(quote(f"{FOLDER}/{name}") for name in names)
