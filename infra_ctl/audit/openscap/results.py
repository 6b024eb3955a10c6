"""What OpenSCAP found, read from what it writes: XCCDF 1.2, alone or in an asset report (ARF)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from infra_ctl.errors import UnusableError

XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"
_NAME = re.compile(r"^xccdf_.+?_(?:rule|profile|benchmark)_(?:content_)?")
_NAMED = ("urn:xccdf:fact:asset:identifier:host_name", "urn:xccdf:fact:asset:identifier:fqdn")


@dataclass(frozen=True, slots=True)
class Rule:
    """What became of one rule."""

    name: str
    """Its id, without what all ids begin with."""
    result: str
    """`pass`, `fail`, `error`, `unknown`, `notchecked`, `notapplicable`, `fixed`, `informational`."""
    severity: str
    title: str


@dataclass(frozen=True, slots=True)
class Results:
    """One evaluation of one machine."""

    benchmark: str
    version: str
    profile: str
    at: datetime
    """When it ended: UTC, without a zone."""
    targets: frozenset[str]
    """How the machine calls itself, and its addresses."""
    rules: tuple[Rule, ...]
    """Those that the profile selects."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rules had which result, the most frequent first."""
        return dict(Counter(rule.result for rule in self.rules).most_common())

    def are_of(self, names: Collection[str]) -> bool:
        """Whether the machine has one of these names or addresses."""
        return not self.targets.isdisjoint(map(_plain, names))


def read(file: BinaryIO) -> Results:
    """The newest evaluation in a file. Raises UnusableError for what is none, or is not to be trusted."""
    import defusedxml
    from defusedxml.ElementTree import iterparse

    titles: dict[str, str] = {}
    try:
        found = list(_test_results(iterparse(file, ("start", "end"), forbid_dtd=True), titles))
        if not found:
            raise UnusableError("has no results of XCCDF 1.2")
        return max((_results(each, titles) for each in found), key=lambda each: each.at)
    except ParseError as exc:
        raise UnusableError(f"is no whole XML: {exc}") from exc
    except defusedxml.DefusedXmlException as exc:
        raise UnusableError("declares types or entities, which results never do") from exc


def _test_results(events: Iterator[tuple[str, Element]], titles: dict[str, str]) -> Iterator[Element]:
    """Every evaluation, and on the way the titles of rules; of anything else nothing is kept."""
    rule, is_inside = "", False
    for event, element in events:
        if event == "start":
            is_inside = is_inside or element.tag == f"{XCCDF}TestResult"
            rule = element.get("id", "") if element.tag == f"{XCCDF}Rule" else rule
        elif element.tag == f"{XCCDF}TestResult":
            yield element
            is_inside = False
        elif not is_inside:
            if element.tag == f"{XCCDF}title" and rule:
                titles.setdefault(rule, _text(element))
            rule = "" if element.tag == f"{XCCDF}Rule" else rule
            element.clear()


def _results(result: Element, titles: dict[str, str]) -> Results:
    benchmark, profile = result.find(f"{XCCDF}benchmark"), result.find(f"{XCCDF}profile")
    rules = (_rule(each, titles) for each in result.iter(f"{XCCDF}rule-result"))
    return Results(
        _name(benchmark.get("id", "") if benchmark is not None else ""),
        result.get("version", ""),
        _name(profile.get("idref", "") if profile is not None else ""),
        _moment(result.get("end-time", "")),
        frozenset(map(_plain, _targets(result))),
        tuple(rule for rule in rules if rule.result != "notselected"),
    )


def _rule(each: Element, titles: dict[str, str]) -> Rule:
    key = each.get("idref", "")
    said = each.find(f"{XCCDF}result")
    result = _text(said) if said is not None else "unknown"
    return Rule(_name(key), result, each.get("severity", "unknown"), titles.get(key, ""))


def _targets(result: Element) -> Iterator[str]:
    for tag in ("target", "target-address"):
        yield from (_text(each) for each in result.iter(f"{XCCDF}{tag}"))
    yield from (_text(each) for each in result.iter(f"{XCCDF}fact") if each.get("name") in _NAMED)


def _moment(said: str) -> datetime:
    """Raises UnusableError: of results without a time nobody knows how old they are."""
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        raise UnusableError(f"does not say when it was made: '{said}' is no time") from None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _plain(name: str) -> str:
    """A name or an address, as it is compared: OpenSCAP writes IPv6 in full."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower()


def _name(key: str) -> str:
    return _NAME.sub("", key)


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
