"""Exhibits as text, to be kept for years: a short JSON that says of which form it is."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from infra_ctl.controls.exhibit import Document, Exhibit, Fact, Line

FORM = 1
"""Of what is written now; a reader refuses those that it does not know."""


class UnknownFormError(ValueError):
    """A text is no exhibit, or one of a later version."""


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
