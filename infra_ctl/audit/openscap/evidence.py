"""Results of OpenSCAP as facts: which rules hold, which do not, and which nobody could tell."""

from __future__ import annotations

from datetime import datetime

from infra_ctl.audit.collecting.part import Part
from infra_ctl.audit.openscap.results import Results, Rule
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.exhibit import Fact, Line, Scalar

_RESULTS = {
    "scap.failed": ("fail",),
    "scap.passed": ("pass", "fixed"),
    "scap.unknown": ("error", "unknown", "notchecked"),
}
_FOUND = tuple(name for name, known in FACTS.items() if known.source == "openscap" and name != "scap.used")


def part(results: Results, at: datetime, asked: str = "oscap") -> Part:
    """What results say at a time; where not one rule applies they say nothing."""
    source = f"{asked} {results.benchmark} {results.version}"
    when = f"profile {results.profile}, {results.at:%Y-%m-%d %H:%M:%S} UTC"
    rules = {
        name: tuple(_fact(rule.name, source, _words(rule)) for rule in results.rules if rule.result in said)
        for name, said in _RESULTS.items()
    }
    if not any(rules.values()):
        return lost(f"not one rule of {results.benchmark} {results.version} applies to it: {when}")
    age = max(0.0, (at - results.at).total_seconds())
    return Part(
        facts={**rules, "scap.used": (_fact(True, source, when),), "scap.age": (_fact(age, source, when),)}
    )


def lost(cause: str) -> Part:
    """It is there, and nothing came of it."""
    return Part(facts={"scap.used": (_fact(True, "oscap", cause),)}, missing=dict.fromkeys(_FOUND, cause))


def unused(cause: str) -> Part:
    """It is not there, and nobody has brought results."""
    return Part(facts={"scap.used": (_fact(False, "oscap", cause),)}, missing=dict.fromkeys(_FOUND, cause))


def unasked(cause: str) -> Part:
    """Whether it is there nobody knows."""
    return Part(missing=dict.fromkeys((*_FOUND, "scap.used"), cause))


def _words(rule: Rule) -> str:
    """`fail file_owner_etc_shadow (medium): Verify User Who Owns shadow File`."""
    return f"{rule.result} {rule.name} ({rule.severity}){f': {rule.title}' if rule.title else ''}"


def _fact(value: Scalar, asked: str, words: str) -> Fact:
    return Fact(value, Line(asked, 0, words))
