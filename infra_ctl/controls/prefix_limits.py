"""Whether every BGP neighbour has a limit of prefixes: who sends the whole Internet by mistake is cut off."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra_ctl.controls import sections
from infra_ctl.controls.exhibit import Document, Exhibit, Line
from infra_ctl.controls.model import Words
from infra_ctl.controls.ruling import Ask, Ruling
from infra_ctl.outcome import Verdict

_BGP, _FAMILY = re.compile(r"^router bgp\b"), re.compile(r"^address-family (.+)$")
_SPEAKER = re.compile(r"^neighbor (\S+) (?:interface )?(?:v6only )?(?:remote-as|peer-group) \S")
_GROUP = re.compile(r"^neighbor (\S+) peer-group$")
_MEMBER = re.compile(r"^neighbor (\S+) (?:interface )?(?:v6only )?peer-group (\S+)")
_LISTEN = re.compile(r"^bgp listen range \S+ peer-group (\S+)")
_SPOKEN, _SILENT = re.compile(r"^neighbor (\S+) activate$"), re.compile(r"^no neighbor (\S+) activate$")
_LIMIT = re.compile(r"^neighbor (\S+) maximum-prefix \d")
_USUAL = "ipv4 unicast"
"""The family that FRR speaks unless it is told not to."""


def prefix_limits(exhibit: Exhibit, _ask: Ask) -> Ruling:
    """Of every `router bgp`; a router without one has no neighbours."""
    frr = exhibit.documents["frr"]
    bad, good = [], []
    for process in _processes(frr):
        for family, said in process.families.items():
            limits = _first(_LIMIT, said)
            for name, line in process.spoken_to(family, said):
                if limit := limits.get(name) or limits.get(process.group.get(name, "")):
                    good.append(limit)
                else:
                    bad.append(line)
    if bad:
        return Ruling(Verdict.FAIL, (_UNLIMITED,), tuple(dict.fromkeys(bad)))
    return Ruling(Verdict.PASS, (), tuple(dict.fromkeys(good)))


@dataclass(frozen=True, slots=True)
class _Process:
    """One `router bgp`."""

    speakers: Mapping[str, Line]
    group: Mapping[str, str]
    families: Mapping[str, Sequence[Line]]
    is_usual: bool
    """Whether everybody is spoken to in the usual family who is not left out."""

    def spoken_to(self, family: str, said: Sequence[Line]) -> Iterator[tuple[str, Line]]:
        """Neighbours in a family, each with the line that says so."""
        spoken, silent = _first(_SPOKEN, said), _first(_SILENT, said)
        for name, line in self.speakers.items():
            if by := spoken.get(name) or spoken.get(self.group.get(name, "")):
                yield name, by
            elif self.is_usual and family == _USUAL and name not in silent:
                yield name, line


def _processes(frr: Document) -> Iterator[_Process]:
    """A candidate may come back to a process, and to a family of it, for lines that are kept."""
    families = dict(sections.under(frr, _FAMILY))
    processes: defaultdict[str, list[Line]] = defaultdict(list)
    for head, lines in sections.under(frr, _BGP):
        processes[head.text] += lines
    for inside in processes.values():
        within: defaultdict[str, list[Line]] = defaultdict(list)
        for line in inside:
            if line in families:
                within[line.text.removeprefix("address-family ")] += families[line]
        of_families = {line for said in within.values() for line in said}
        own = [line for line in inside if line not in of_families]
        is_usual = all(line.text != "no bgp default ipv4-unicast" for line in own)
        yield _Process(
            _speakers(own),
            {found[1]: found[2] for line in inside if (found := _MEMBER.match(line.text))},
            {**({_USUAL: ()} if is_usual else {}), **within},
            is_usual,
        )


def _speakers(lines: Sequence[Line]) -> Mapping[str, Line]:
    """Neighbours, and groups of those who may call; a group that nobody calls by is none."""
    groups = _first(_GROUP, lines).keys()
    found = {name: line for name, line in _first(_SPEAKER, lines).items() if name not in groups}
    return {**found, **_first(_LISTEN, lines)}


def _first(pattern: re.Pattern[str], lines: Collection[Line]) -> dict[str, Line]:
    """The first line of each name that a pattern has."""
    found: dict[str, Line] = {}
    for line in lines:
        if said := pattern.match(line.text):
            found.setdefault(said[1], line)
    return found


_UNLIMITED = Words(
    vi="Có láng giềng BGP không giới hạn số tiền tố.", en="BGP neighbours have no limit of prefixes."
)
