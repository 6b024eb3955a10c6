"""Whose a difference is: three texts tell, what we last made, what is intended now, and what is there.

A line that is there and not intended is ours where we made it: intent moved on. Where we did not, somebody
else put it there. A line that is intended and not there is somebody's doing where we had made it, and is
not deployed yet where we had not. What intent knows nothing of is unmanaged: `adopt` lists it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from infra_ctl.change import diff as diffs
from infra_ctl.change import normal
from infra_ctl.change.diff import Line
from infra_ctl.change.normal import Normal, Pair
from infra_ctl.change.operations import File, Operation, Predicted, Service, triggers
from infra_ctl.secrets import nameless


class Kind(StrEnum):
    CHANGED = "changed"
    """Somebody changed the machine."""
    LEFT = "left"
    """A run left it so: it stopped on the way, or took something back."""
    UNMANAGED = "unmanaged"
    """Lines that intent does not know."""
    UNDEPLOYED = "undeployed"
    """Intent moved on, and was not deployed yet: no drift."""


@dataclass(frozen=True, slots=True)
class Difference:
    """All of one kind on one object; `lines` are masked and as in a plan: `+`, `-` or a blank first."""

    kind: Kind
    lines: tuple[str, ...]

    @property
    def count(self) -> int:
        """Lines that differ; an operation without any, and a line that intent does not know, is one."""
        signed = [line[:1] in ("+", "-") for line in self.lines]
        alone = (
            not line.startswith(" ") and not mine and not next_
            for line, mine, next_ in zip(self.lines, signed, [*signed[1:], False], strict=False)
        )
        return sum(signed) + sum(alone)


@dataclass(frozen=True, slots=True)
class Made:
    """What we last made of a device: its lines, masked."""

    lines: frozenset[Pair]
    begun: frozenset[Pair] = frozenset()
    """What may be there by us all the same: of a run that was left; and what is claimed, to go."""
    is_rolled: bool = False
    """Whether the vault has other secrets since."""
    _nameless: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, lines: Iterable[Pair], begun: Iterable[Pair] = (), *, is_rolled: bool = False) -> Made:
        """Secrets' lines are compared without their secrets where the vault has others by now."""
        known = frozenset(lines)
        bare = frozenset(map(_bare, known)) if is_rolled else frozenset()
        return cls(known, frozenset(begun), is_rolled, bare)

    def kind(self, line: Line) -> Kind:
        """Whose a line of the way from what is there to what is intended is."""
        if self.is_rolled and nameless(line.text) != line.text and _bare(line.pair) in self._nameless:
            return Kind.UNDEPLOYED
        is_ours = line.pair in self.lines or (line.op == "-" and line.pair in self.begun)
        return _kind(line.op, is_ours=is_ours)


def _bare(pair: Pair) -> str:
    return nameless(normal.path(pair))


def _kind(sign: str, *, is_ours: bool) -> Kind:
    return Kind.CHANGED if (sign == "+") is is_ours else Kind.UNDEPLOYED


def of_device(
    running: Normal, to_be: Normal, made: Made, foreign: Iterable[str], verdict: str
) -> tuple[Difference, ...]:
    """Of a device that says `verdict`; `foreign` are the lines that stay, as the inventory writes them.

    Where the device alone sees a difference, in how it spells a line, nobody knows whose it is.
    """
    found: dict[Kind, list[Line]] = {}
    for line in diffs.diff(running, to_be) if verdict else ():
        if line.op != " ":
            found.setdefault(made.kind(line), []).append(line)
    groups = {kind: diffs.to_text(diffs.shown(lines)).splitlines() for kind, lines in found.items()}
    if verdict and not groups:
        groups = {Kind.UNDEPLOYED: verdict.splitlines()}
    return _in_order({**groups, Kind.UNMANAGED: list(foreign)})


def of_host(
    changes: Iterable[Predicted],
    intended: Iterable[Operation],
    made: Iterable[Operation],
    begun: Iterable[Operation] = (),
    *,
    is_rolled: bool = False,
) -> tuple[Difference, ...]:
    """Of a host; `made` is what we last made of it, `begun` what a run that stopped was about to make.

    A service that would be reloaded because a file changes is no difference of its own.
    """
    wanted = {each.id: each for each in intended}
    ours, maybe = ({each.id: each for each in operations} for operations in (made, begun))
    found: dict[Kind, list[str]] = {}
    changed: set[str] = set()
    for change in changes:
        operation = wanted[change.id]
        if not _answers(operation, change, changed):
            was = ours.get(change.id)
            for kind, lines in _of_operation(
                operation, change, was, maybe.get(change.id), is_rolled=is_rolled
            ):
                found.setdefault(kind, []).extend(lines)
        changed.add(change.id)
    return _in_order(found)


def _in_order(groups: Mapping[Kind, list[str]]) -> tuple[Difference, ...]:
    return tuple(Difference(kind, tuple(groups[kind])) for kind in Kind if groups.get(kind))


def _answers(operation: Operation, change: Predicted, changed: Collection[str]) -> bool:
    """Whether it would be done only because another is."""
    if not any(each in changed for each in triggers(operation)):
        return False
    return not isinstance(operation, Service) or {"reload", "restart"}.issuperset(change.says.split()[:-1])


def _of_operation(
    operation: Operation,
    change: Predicted,
    was: Operation | None,
    begun: Operation | None,
    *,
    is_rolled: bool,
) -> Iterator[tuple[Kind, list[str]]]:
    """A file line by line, where its lines may be told; anything else as a whole."""
    lines = [line for line in change.diff.splitlines() if line[:2] in {"- ", "+ "}]
    if not (lines and isinstance(was, File)):
        kind = Kind.CHANGED if was == operation and not is_rolled else Kind.UNDEPLOYED
        yield kind, [change.says, *(line for line in change.diff.splitlines() if line.strip() != "…")]
        return
    ours = was.text.splitlines()
    known = {"+": frozenset(ours), "-": frozenset([*ours, *_text(begun)])}
    groups: dict[Kind, list[str]] = {}
    for line in lines:
        kind = _kind(line[0], is_ours=line[2:] in known[line[0]])
        groups.setdefault(kind, [change.says]).append(line)
    yield from groups.items()


def _text(operation: Operation | None) -> list[str]:
    return operation.text.splitlines() if isinstance(operation, File) else []
