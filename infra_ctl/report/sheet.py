"""A document's tables as CSV that a spreadsheet opens as it is, and believes nothing of."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime

from infra_ctl.inventory.kinds import Language
from infra_ctl.report.document import (
    Cell,
    Coded,
    Document,
    Headlines,
    Imported,
    Names,
    Paragraph,
    Ratio,
    Share,
    Table,
)
from infra_ctl.report.period import local
from infra_ctl.report.spoken import clean, marked, spoken

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the first ones in full width, which some spreadsheets take for them."""
_NUMBER = re.compile("-?[0-9]+([.][0-9]+)?")
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it Excel takes Vietnamese for another alphabet."""


def text(document: Document, language: Language) -> str:
    """Every table, with its title in a line above it and an empty line between two; else what is said."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for number, rows in enumerate([*_tables(document, language)] or [_sentences(document, language)]):
        if number:
            writer.writerow(())
        writer.writerows([plain(cell) for cell in row] for row in rows)
    return BOM + out.getvalue()


def plain(field: str) -> str:
    """A field that no spreadsheet takes for a formula: what begins like one has an apostrophe before it."""
    begun = field.lstrip(" \n\N{NO-BREAK SPACE}").startswith(_FORMULA)
    return f"'{field}" if begun and not _NUMBER.fullmatch(field) else field


def _tables(document: Document, language: Language) -> Iterator[list[list[str]]]:
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                heads = [spoken(column.title, language) for column in block.columns]
                rows = [[_field(cell, language) for cell in row] for row in block.rows]
                yield [[spoken(block.title, language)], heads, *rows]
            elif isinstance(block, Headlines):
                items = [[spoken(each.title, language), _field(each.value, language)] for each in block.items]
                yield [[spoken(section.title, language)], *items]


def _sentences(document: Document, language: Language) -> list[list[str]]:
    blocks = (block for section in document.sections for block in section.blocks)
    return [[spoken(block.text, language)] for block in blocks if isinstance(block, Paragraph)]


def _field(cell: Cell, language: Language) -> str:  # noqa: PLR0911 - a line a type
    """A cell as a spreadsheet counts with it: numbers with a point and no marks, dates as ISO has them."""
    match cell:
        case None:
            return ""
        case bool() | Coded():
            return spoken(cell, language)
        case int() | float():
            return str(cell)
        case Ratio() | Share():
            return _ratio(cell)
        case datetime():
            return f"{local(cell):%Y-%m-%d %H:%M:%S}"
        case date():
            return f"{cell:%Y-%m-%d}"
        case str():
            return clean(cell)
        case Names():
            return clean(", ".join(cell.names))
        case Imported():
            value = _field(cell.value, language)
            return value if cell.is_brief else f"{value} ({marked(cell, language)})"
        case _:
            return spoken(cell, language)


def _ratio(cell: Ratio | Share) -> str:
    if isinstance(cell, Ratio):
        return f"{cell.value:.6g}"
    return f"{cell.part / cell.whole:.6g}" if cell.whole else ""
