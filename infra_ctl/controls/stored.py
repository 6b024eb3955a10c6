"""Exhibits and findings as text, to be kept for years: a short JSON that says of which form it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from infra_ctl.controls.catalogue import DOCUMENTS, FACTS
from infra_ctl.controls.exhibit import Document, Exhibit, Fact, Kind, Line
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.model import Words
from infra_ctl.errors import UnknownFormError
from infra_ctl.outcome import Verdict

FORM = 1
"""Of what is written now; a reader refuses those that it does not know."""


def text(exhibit: Exhibit) -> str:
    """One line of JSON."""
    return json.dumps(
        {
            "form": FORM,
            "kind": exhibit.kind,
            "object": exhibit.object,
            "taken": exhibit.taken.isoformat(),
            "documents": {name: [each.source, *each.lines] for name, each in exhibit.documents.items()},
            "facts": {name: [_row(fact) for fact in facts] for name, facts in exhibit.facts.items()},
            "missing": dict(exhibit.missing),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def exhibit(stored: str) -> Exhibit:
    """The exhibit of a text. Raises UnknownFormError."""
    try:
        said = json.loads(stored)
        form = said["form"]
        if form == FORM:
            return _exhibit(said)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnknownFormError("no exhibit") from error
    raise UnknownFormError(f"an exhibit of form {form}, and not {FORM}")


def unread(kind: Kind, name: str, taken: datetime, cause: str) -> Exhibit:
    """What stands for an exhibit that cannot be read: all of it is missing, and passes nothing."""
    known = {**DOCUMENTS, **FACTS}.items()
    return Exhibit(kind, name, taken, missing={each: cause for each, of in known if kind in of.of})


def _exhibit(said: dict[str, Any]) -> Exhibit:
    return Exhibit(
        said["kind"],
        said["object"],
        datetime.fromisoformat(said["taken"]),
        {name: Document(name, source, tuple(lines)) for name, (source, *lines) in said["documents"].items()},
        {name: tuple(map(_fact, rows)) for name, rows in said["facts"].items()},
        said["missing"],
    )


def _row(fact: Fact) -> list[object]:
    return [fact.value, fact.line.document, fact.line.number, fact.line.text]


def _fact(row: list[Any]) -> Fact:
    value, document, number, line = row
    return Fact(value, Line(document, number, line))


def value(finding: Finding) -> dict[str, Any]:
    """A finding as it is written in JSON, everywhere: times have their zone."""
    return {
        "law": finding.law,
        "control": finding.control,
        "kind": finding.kind,
        "object": finding.object,
        "severity": finding.severity,
        "level": finding.level,
        "threshold": finding.threshold,
        "verdict": finding.verdict,
        "reasons": [{"vi": each.vi, "en": each.en} for each in finding.reasons],
        "lines": [[line.document, line.number, line.text] for line in finding.lines],
        "unquoted": finding.unquoted,
        "taken": finding.taken.replace(tzinfo=UTC).isoformat(),
        "waiver": finding.waiver,
    }


def finding(value: Mapping[str, Any]) -> Finding:
    """The finding that is written so. Raises UnknownFormError."""
    try:
        return _finding(value)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnknownFormError("no finding") from error


def findings_text(found: Iterable[Finding]) -> str:
    """Findings of one object, as one line of JSON."""
    values = {"form": FORM, "findings": [value(each) for each in found]}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def findings(stored: str) -> tuple[Finding, ...]:
    """The findings of a text. Raises UnknownFormError."""
    try:
        said = json.loads(stored)
        form, values = said["form"], said["findings"]
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownFormError("no findings") from error
    if form != FORM:
        raise UnknownFormError(f"findings of form {form}, and not {FORM}")
    return tuple(map(finding, values))


def _finding(said: Mapping[str, Any]) -> Finding:
    taken = datetime.fromisoformat(said["taken"]).astimezone(UTC).replace(tzinfo=None)
    return Finding(
        **{
            **said,
            "verdict": Verdict(said["verdict"]),
            "reasons": tuple(Words(**each) for each in said["reasons"]),
            "lines": tuple(Line(*row) for row in said["lines"]),
            "taken": taken,
        }
    )
