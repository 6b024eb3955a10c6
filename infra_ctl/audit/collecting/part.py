"""What one source gave of one object, and all of these together as an exhibit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from infra_ctl.controls.exhibit import Document, Exhibit, Fact, Kind

Subject: TypeAlias = tuple[Kind, str]
"""An object: its kind and its name."""


@dataclass(frozen=True, slots=True)
class Part:
    """See Exhibit: a source says only what it is the source of."""

    documents: Mapping[str, Document] = field(default_factory=dict)
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


def exhibit(subject: Subject, parts: Iterable[Part], taken: datetime) -> Exhibit:
    """What all sources gave of an object; nothing is missing that one of them had."""
    documents: dict[str, Document] = {}
    facts: dict[str, tuple[Fact, ...]] = {}
    missing: dict[str, str] = {}
    for part in parts:
        documents |= part.documents
        facts |= part.facts
        missing |= part.missing
    had = documents.keys() | facts.keys()
    return Exhibit(
        *subject, taken, documents, facts, {name: why for name, why in missing.items() if name not in had}
    )
