"""What only people know of a report: figures that others counted, who signs, what there is to say besides."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from infra_ctl.inventory.fields import Date, Slug, Text
from infra_ctl.inventory.strict import Model

PERIOD = r"^[12][0-9]{3}(H[12])?$"
PeriodName: TypeAlias = Annotated[str, Field(pattern=PERIOD)]
"""A year, or the half of one: `2026`, `2026H2`."""
SYMBOL = r"^[^\s/]+(-[^\s/]+)*$"
Paragraph: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", max_length=2000)]
"""One paragraph of prose."""
Count: TypeAlias = Annotated[float, Field(ge=0, le=1e12)]


class Figure(Model):
    """A value of one unit in one period, as somebody else counted it."""

    edition: Slug
    unit: Slug
    indicator: Slug
    period: PeriodName
    value: Count
    of: Count | None = None
    """The whole that `value` is a part of; nothing where it is a count by itself."""
    source: Text
    """Where it was read: a report, a register."""
    date: Date
    """Of the source."""
    by: Text
    """Who brought it here."""


class Issuer(Model):
    """How a unit signs; what is left out follows from the kind of unit."""

    by: Slug | None = None
    """The unit that signs in its place, by its code."""
    superior: Text | None = None
    name: Text | None = None
    symbol: Annotated[str, Field(pattern=SYMBOL, max_length=40)] | None = None
    """What follows the number of a letter: `BC-UBND`."""
    place: Text | None = None
    """Where it is signed."""
    authority: Text | None = None
    """On whose behalf: `TM. ỦY BAN NHÂN DÂN`."""
    title: Text | None = None
    signer: Text | None = None
    recipients: tuple[Text, ...] = ()


class Remark(Model):
    """What a unit has to say of a period."""

    edition: Slug
    unit: Slug
    period: PeriodName
    report: Literal["half-year", "survey", "yearly"] = "half-year"
    number: Text | None = None
    """Of the letter, once it has one."""
    date: Date | None = None
    difficulties: tuple[Paragraph, ...] = ()
    proposals: tuple[Paragraph, ...] = ()


class ReportsFile(Model):
    """reports.yaml."""

    issuers: Mapping[Slug, Issuer] = {}
    """By code of a unit of the inventory's edition."""
    remarks: tuple[Remark, ...] = ()


def first_day(period: str) -> datetime.date:
    """Of a period by its name."""
    return datetime.date(int(period[:4]), 7 if period.endswith("H2") else 1, 1)
