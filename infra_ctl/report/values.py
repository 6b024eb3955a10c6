"""A document as JSON: the same keys in every language and, within a form, in every version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from infra_ctl.controls.model import Words
from infra_ctl.report.document import (
    Bars,
    Block,
    Cell,
    Coded,
    Composed,
    Document,
    Headlines,
    Imported,
    Lines,
    Names,
    Paragraph,
    Ratio,
    Share,
    Table,
)
from infra_ctl.report.spoken import clean

FORM = 1
"""Of the keys below: what is added keeps it, what is taken away or means something else does not."""

B = TypeVar("B", Headlines, Table, Bars, Paragraph)


def values(document: Document) -> Mapping[str, object]:
    """What `report -f json` prints."""
    period = document.period
    return {
        "form": FORM,
        "report": document.kind,
        "subject": _words(document.subject),
        "period": period
        and {"name": period.name, "first": _value(period.first), "last": _value(period.last)},
        "unit": document.unit or None,
        "context": document.context,
        "made": _value(document.made),
        "headlines": {each.key: _headlines(each) for each in _blocks(document, Headlines)},
        "tables": {each.key: _table(each) for each in _blocks(document, Table)},
        "charts": {each.key: _bars(each) for each in _blocks(document, Bars)},
        "said": [_words(each.text) for each in _blocks(document, Paragraph)],
    }


def _blocks(document: Document, of: type[B]) -> Iterator[B]:
    blocks: Iterator[Block] = (block for section in document.sections for block in section.blocks)
    return (block for block in blocks if isinstance(block, of))


def _headlines(block: Headlines) -> Mapping[str, object]:
    return {each.key: {"value": _value(each.value), "before": _value(each.before)} for each in block.items}


def _table(block: Table) -> list[Mapping[str, object]]:
    keys = [column.key for column in block.columns]
    return [dict(zip(keys, map(_value, row), strict=True)) for row in block.rows]


def _bars(block: Bars) -> list[Mapping[str, object]]:
    codes = [series.code for series in block.series]
    return [
        {"label": _words(bar.label), "values": dict(zip(codes, bar.values, strict=True)), "target": bar.mark}
        for bar in block.bars
    ]


def _words(words: Words) -> Mapping[str, str]:
    return {"vi": clean(words.vi), "en": clean(words.en)}


def _value(cell: Cell) -> Any:
    match cell:
        case str():
            return clean(cell)
        case datetime():
            return cell.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
        case date():
            return cell.isoformat()
        case None | bool() | int() | float():
            return cell
        case _:
            return _composed(cell)


def _composed(cell: Composed) -> Any:  # noqa: PLR0911 - a line a type
    match cell:
        case Words():
            return _words(cell)
        case Coded():
            return cell.code
        case Share():
            return {"part": cell.part, "whole": cell.whole}
        case Ratio():
            return cell.value
        case Lines():
            return {"lines": [clean(line) for line in cell.lines], "more": cell.more}
        case Names():
            return [clean(name) for name in cell.names]
        case Imported():
            return {"imported": _value(cell.value), "source": clean(cell.source)}
