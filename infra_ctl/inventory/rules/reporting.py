"""Figures and remarks are of units and indicators that there are, and can be true."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.indicators import IMPORTED
from infra_ctl.inventory.reporting import Figure, first_day
from infra_ctl.inventory.rules.survey import Survey


def reporting_units(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Who counted, speaks or signs is a unit."""
    for table in (draft.figures, draft.remarks):
        for key, each in table.objects.items():
            if message := draft.all_units.missing(f"{each.edition}/{each.unit}"):
                yield table.problem(key, ("unit",), message)
    for code in draft.issuers.records:
        if message := draft.units.missing(code):
            yield draft.issuers.problem(code, (), message)
    for code, issuer in draft.issuers.objects.items():
        if issuer.by is not None and (message := draft.units.missing(issuer.by)):
            yield draft.issuers.problem(code, ("by",), message)


def indicators(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A figure is of something that is imported; of a share both parts are written."""
    for key, figure in draft.figures.objects.items():
        if figure.indicator not in IMPORTED:
            message = (
                f"indicator {figure.indicator!r} does not exist{did_you_mean(figure.indicator, IMPORTED)}"
            )
            yield draft.figures.problem(key, ("indicator",), message)
        elif found := _wrong(figure):
            yield draft.figures.problem(key, (found[0],), found[1])


def _wrong(figure: Figure) -> tuple[str, str] | None:
    """The column, and what is wrong with the value in it."""
    if IMPORTED[figure.indicator].shape == "number":
        if figure.of is not None:
            return "of", f"{figure.indicator} is a count by itself: it is a part of nothing"
        return None if figure.value.is_integer() else ("value", f"{figure.value:g} is not a whole number")
    if not figure.of:
        return "of", f"{figure.indicator} is a share: of how many?"
    if figure.value > figure.of:
        return "value", f"{figure.value:g} of {figure.of:g} is more than all"
    return None


def dates(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Nobody counted before a period began."""
    for key, figure in draft.figures.objects.items():
        if figure.date < first_day(figure.period):
            message = f"{figure.date} is before {figure.period} began"
            yield draft.figures.problem(key, ("date",), message)


def remarks_twice(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A unit speaks once of a period in a report."""
    first: dict[tuple[str, ...], str] = {}
    for key, each in draft.remarks.objects.items():
        mark = (each.edition, each.unit, each.period, each.report)
        if (number := first.setdefault(mark, key)) != key:
            message = f"{each.unit} speaks of {each.period} in remark {number} too"
            yield draft.remarks.problem(key, ("unit",), message)


RULES = (reporting_units, indicators, dates, remarks_twice)
