"""What governing documents ask in figures, by when, and what it is measured by: data beside the code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from infra_ctl.controls.model import Words
from infra_ctl.inventory import tree
from infra_ctl.inventory.fields import Date, Ratio, Slug, Text
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.text import decode, read

DOCUMENTS = Path(__file__).resolve().parent / "documents"


class Target(Model):
    """One thing that is asked, as a share that an indicator is to reach."""

    clause: Text
    text: Words
    indicator: Slug
    at_least: Annotated[Ratio, Field(gt=0)]
    of: Literal["city", "unit"] = "unit"
    """Whose it is: of the city as a whole, or of each unit too."""
    by: Date | None = None
    """Its last day; nothing where the text names none."""
    ours: bool = False
    """Whether the figure is this project's: the text asks without one."""


class Mandate(Model):
    """A governing document; a later one is another."""

    document: Slug
    title: Words
    source: Text
    """How its text is known to us."""
    since: Date
    targets: Mapping[str, Target]
    """By their numbers, as the list of requirements has them."""


@cache
def mandates() -> tuple[Mandate, ...]:
    """Every document that sets targets, the earliest first."""
    found = (_read(path) for path in DOCUMENTS.glob("*.yaml"))
    return tuple(sorted(found, key=lambda mandate: mandate.since))


def _read(path: Path) -> Mandate:
    content = tree.parse(decode(read(path, path.name), path.name), path.name)
    return Mandate.model_validate(content.value(), by_alias=True, by_name=False)
