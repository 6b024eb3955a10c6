"""What a machine would say of itself, as far as files say it that infra-ctl writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from infra_ctl.audit.collecting.examining.asking import Answer
from infra_ctl.audit.collecting.examining.meant import meant
from infra_ctl.audit.collecting.examining.reading import part
from infra_ctl.audit.collecting.examining.seen import Seen
from infra_ctl.audit.collecting.part import Part
from infra_ctl.change.operations import File
from infra_ctl.city import City
from infra_ctl.controls.exhibit import Kind, Line
from infra_ctl.hosts.papers import paper

_SPREAD = ("table", "chain", "set", "elements")
"""What nft itself spreads over lines; a set within a rule it does not."""


def said(city: City, kind: Kind, name: str, files: Iterable[tuple[File, str]], at: datetime) -> Part:
    """By files and what is in each. What they do not say is missing."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for file, text in files:
        if document := paper(file):
            texts[document] += _READ[document](text.removesuffix("\n").split("\n"))
    answers = {
        document: Answer(tuple(Line(document, number, text) for number, text in enumerate(lines, 1)))
        for document, lines in texts.items()
    }
    return part(Seen(meant(city, name), answers, at), kind)


def _rules(lines: Iterable[str]) -> Iterator[str]:
    """A script of rules as `nft list ruleset` would print what it makes."""
    spread = ""
    for line in lines:
        words = line.split()
        if spread:
            spread = f"{spread} {line.strip()}"
            if line.strip().startswith("}"):
                yield spread
                spread = ""
        elif words and words[-1] == "{" and words[0] not in _SPREAD:
            spread = line
        elif words and words[0] not in ("flush", "delete") and (words[0] != "table" or words[-1] == "{"):
            yield from () if words[0].startswith("#") else (line,)


def _words(lines: Iterable[str]) -> Iterator[str]:
    """A configuration of sshd as `sshd -T` would print it: keys in lower case."""
    for line in lines:
        key, _, value = line.strip().partition(" ")
        if key and not key.startswith("#"):
            yield f"{key.lower()} {value}"


_READ: Mapping[str, Callable[[Iterable[str]], Iterable[str]]] = {
    "nftables": _rules,
    "sshd": _words,
    "snmpd": lambda lines: lines,
}
