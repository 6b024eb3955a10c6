"""Which lines that a change would remove are not ours, and how to leave them where they are.

A candidate replaces the running configuration, so every line of the device that intent does not produce would
go. That is right where somebody edited what intent is about, and wrong where somebody added what intent knows
nothing of. A line to be removed is **managed**, and goes, when one of these holds:

1. we put it there: it is in the text that was last deployed on the device;
2. the inventory claims it;
3. its slot is written by intent in the same context: a changed cost, description, secret or remote AS; an
   entry too many in one of our prefix lists. Where a slot holds several values (`ip address`), only if this
   change adds one to it: the line is then the old value of a new one, else it is one that somebody added;
4. it is about what intent describes there: `shutdown` of our interface or neighbour, a cost on an interface
   where intent sets up OSPF, a weight for our neighbour;
5. it is in a context that belongs as a whole to intent, which opens it: our route map's entry, our profile;
6. what it belongs to goes: the first line of its context, or its neighbour's definition, is removed and
   managed.

Anything else is **foreign** and is kept: a static route, a neighbour, an access list, an interface that
nobody declared. It is reported until somebody claims it or declares it unmanaged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from infra_ctl.change import commands
from infra_ctl.change.commands import DEFINES, WHOLE
from infra_ctl.change.diff import Line
from infra_ctl.change.grammar import FRR, Grammar, kind
from infra_ctl.change.normal import Context, Normal, Pair, ordered, to_text

_KEPT = "! kept: not from intent"


def foreign(
    changes: Iterable[Line], intended: Normal, deployed: Normal | None, claimed: Collection[Pair] = ()
) -> Normal:
    """The lines that `changes` removes and nobody told us to remove, sorted.

    `changes` is the diff from the running configuration to the intended one, `deployed` the normal form of
    the text that was last deployed on the device, None where there is none. All masked, or none.
    """
    lines = [line for line in changes if line.op != " "]
    owner = _Owner.of(
        intended, added=(line.pair for line in lines if line.op == "+"), known=(*(deployed or ()), *claimed)
    )
    removed = ordered(line.pair for line in lines if line.op == "-")
    gone: set[Pair] = set()
    """Contexts' first lines and objects' names, each in its context."""
    managed: set[Pair] = set()
    for pair in sorted(removed, key=_definitions_first):
        if owner.covers(pair) or any(place in gone for place in _places(pair)):
            managed.add(pair)
            gone.update(place for place in _brought(pair) if place not in owner.defined)
    return tuple(pair for pair in removed if pair not in managed)


def keep(candidate: str, lines: Collection[Pair], grammar: Grammar = FRR) -> str:
    """The candidate with `lines` added at its end, each in its contexts, so that a replacement keeps them.

    A device joins blocks of one context, wherever they stand.
    """
    if not lines:
        return candidate
    body = candidate.rstrip()
    end = "end\n" if body.endswith("\nend") else ""
    return f"{body.removesuffix('end').rstrip()}\n!\n{_KEPT}\n{to_text(lines, grammar)}{end}"


@dataclass(frozen=True, slots=True)
class _Owner:
    """What intent says, arranged for the rules above. A slot or a subject is a (context, beginning) pair."""

    known: frozenset[Pair]
    lines: frozenset[Pair]
    contexts: frozenset[Context]
    slots: frozenset[Pair]
    growing: frozenset[Pair]
    """Slots that this change adds to."""
    subjects: frozenset[Pair]
    """Every beginning of an intended line, word by word."""
    defined: frozenset[Pair]
    """Contexts' first lines and objects' names that intent brings to life."""

    @classmethod
    def of(cls, intended: Normal, *, added: Iterable[Pair], known: Iterable[Pair]) -> _Owner:
        return cls(
            known=frozenset(known),
            lines=frozenset(intended),
            contexts=frozenset(context for context, _ in intended),
            slots=frozenset(map(_slot, intended)),
            growing=frozenset(map(_slot, added)),
            subjects=frozenset((context, start) for context, line in intended for start in _starts(line)),
            defined=frozenset(place for pair in intended for place in _brought(pair)),
        )

    def covers(self, pair: Pair) -> bool:
        """Rules 1 to 5."""
        context, line = pair
        if pair in self.known:
            return True
        if context and kind(context) in WHOLE and (context[:-1], context[-1]) in self.lines:
            return True
        use = commands.use(context, line)
        if use is None:
            return False
        if use.sharing == "switch":
            subject = use.slot.rpartition(" ")[0]
            return (context, subject) in self.subjects if subject else context in self.contexts
        if use.sharing == "one of several":
            return (context, use.slot) in self.growing
        about_ours = bool(context) and (context, _subject(line)) in self.subjects
        return about_ours or (context, use.slot) in self.slots


def _slot(pair: Pair) -> Pair:
    context, line = pair
    use = commands.use(context, line)
    return context, use.slot if use else line


def _subject(line: str) -> str:
    """What a line is about: `neighbor 10.0.0.1`, or a protocol on an interface, `ip ospf`."""
    return " ".join(line.split(" ")[:2])


def _starts(line: str) -> Iterator[str]:
    words = line.split(" ")
    return (" ".join(words[:count]) for count in range(1, len(words)))


def _definitions_first(pair: Pair) -> tuple[int, bool, Pair]:
    """Outer lines before inner ones, and definitions before what depends on them."""
    return len(pair[0]), DEFINES.match(pair[1]) is None, pair


def _brought(pair: Pair) -> Iterator[Pair]:
    """What a line brings to life: a context, if lines follow in it, and an object, if it defines one."""
    yield pair
    if definition := DEFINES.match(pair[1]):
        yield pair[0], definition[1]


def _places(pair: Pair) -> Iterator[Pair]:
    """What a line needs to be there: its contexts, and in each of them the object that it is about."""
    context, line = pair
    for depth in range(len(context) + 1):
        yield context[:depth], _subject(line)
        if depth:
            yield context[: depth - 1], context[depth - 1]
