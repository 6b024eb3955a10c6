"""A governing document that sets targets, as it is written: frozen, strict, free of behaviour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from infra_ctl.controls.model import Words
from infra_ctl.inventory.fields import Date, Ratio, Slug, Text
from infra_ctl.inventory.strict import Model


def _number(value: str) -> str:
    """Letters that stand for the document, then a number in it."""
    if not re.fullmatch("[A-Z]{1,3}[0-9]{1,3}[a-z]?", value):
        raise ValueError("must be letters and a number, such as A05 or B16")
    return value


Number: TypeAlias = Annotated[str, AfterValidator(_number)]


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
    targets: Mapping[Number, Target]
    """By their numbers."""
