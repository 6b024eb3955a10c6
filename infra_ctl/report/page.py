"""A document as one file of HTML that needs nothing beside it: for screens of any width, and for paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import TemplateError

from infra_ctl.errors import UnusableError
from infra_ctl.inventory.kinds import Language
from infra_ctl.render import page
from infra_ctl.report.document import (
    Bar,
    Bars,
    Cell,
    Coded,
    Column,
    Document,
    Imported,
    Lines,
    Names,
    Table,
    Tone,
)
from infra_ctl.report.period import local
from infra_ctl.report.spoken import clean, marked, spoken

FRAME: Mapping[Language, Mapping[str, str]] = {
    "vi": {
        "country": "Cộng hòa xã hội chủ nghĩa Việt Nam",
        "motto": "Độc lập - Tự do - Hạnh phúc",
        "number": "Số:",
        "report": "Báo cáo",
        "to": "Kính gửi",
        "recipients": "Nơi nhận:",
        "as_above": "Như trên",
        "archive": "Lưu: VT",
        "made": "Lập bằng infra-ctl lúc {at} (giờ Việt Nam)",
        "left": "Còn {count} dòng nữa, xem trong bản CSV hoặc JSON.",
        "not_live": "BẢN THỬ: số liệu của mạng “{context}”, không phải của mạng đang vận hành.",
    },
    "en": {
        "country": "Socialist Republic of Vietnam",
        "motto": "Independence - Freedom - Happiness",
        "number": "No.",
        "report": "Report",
        "to": "To",
        "recipients": "Copies to:",
        "as_above": "as above",
        "archive": "archives",
        "made": "Made by infra-ctl at {at} (Vietnam's clock)",
        "left": "{count} more rows are in the CSV and the JSON.",
        "not_live": "TRIAL: of the network “{context}”, not of the one in service.",
    },
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a drawn bar, in hundredths of the full width."""

    start: float
    width: float
    tone: Tone


def html(document: Document, language: Language, overrides: Path | None = None) -> str:
    """The page; `overrides` is a folder of templates that go before ours. Raises UnusableError for those."""
    frame = FRAME[language]
    try:
        return page(
            "document",
            overrides,
            document=document,
            language=language,
            frame=frame,
            dated=_dated(document, language),
            made=frame["made"].format(at=spoken(document.made, language)),
            not_live=_not_live(document, frame),
            recipients=_recipients(document, frame),
            marked=partial(marked, language=language),
            say=partial(spoken, language=language),
            clean=clean,
            tone=tone,
            quoted=lambda cell: isinstance(cell, Lines),
            named=lambda cell: isinstance(cell, Names),
            imported=lambda cell: isinstance(cell, Imported),
            shown=shown,
            longest=longest,
            segments=segments,
            total=total,
        )
    except (TemplateError, TypeError) as error:
        if overrides is None:
            raise
        raise UnusableError(f"{overrides}: a template is broken: {' '.join(str(error).split())}") from error


def _dated(document: Document, language: Language) -> str:
    """`Cần Thơ, ngày 05 tháng 02 năm 2026`: with a nought before days below 10, and before months 1 and 2."""
    at, place = document.head.dated or local(document.made), document.head.place
    if language == "en":
        return clean(f"{place}, {at.day} {at:%B %Y}")
    months = f"{at.month:02}" if at.month < 3 else str(at.month)
    return clean(f"{place}, ngày {at.day:02} tháng {months} năm {at.year}")


def _recipients(document: Document, frame: Mapping[str, str]) -> list[str]:
    """Each with a semicolon and the last one with a full stop; the archive is among them."""
    given = [each.rstrip(" ;.") for each in document.head.recipients]
    above = [frame["as_above"]] if document.head.to else []
    archive = [] if any(each.startswith(_ARCHIVE) for each in given) else [frame["archive"]]
    every = [clean(each) for each in (*above, *given, *archive)]
    return [f"- {each}{';' if number < len(every) else '.'}" for number, each in enumerate(every, 1)]


_ARCHIVE = "Lưu"


def _not_live(document: Document, frame: Mapping[str, str]) -> str:
    return "" if document.context == "live" else frame["not_live"].format(context=document.context)


def tone(cell: Cell) -> Tone:
    return cell.tone if isinstance(cell, Coded) else ""


MOST_ROWS = 1000
"""Of a table on a page: who has more to read reads a sheet."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a table is on a page, and how many rows are not."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left: int


def shown(table: Table) -> Shown:
    """Without columns that are for programs, and no more rows than anybody reads."""
    places = [place for place, column in enumerate(table.columns) if not column.is_data]
    rows = table.rows[:MOST_ROWS]
    return Shown(
        tuple(table.columns[place] for place in places),
        tuple(tuple(row[place] for place in places) for row in rows),
        len(table.rows) - len(rows),
    )


def longest(bars: Bars) -> float:
    """What a full bar stands for."""
    marks = (bar.mark for bar in bars.bars if bar.mark is not None)
    return bars.most or max((*(sum(bar.values) for bar in bars.bars), *marks), default=0) or 1


def segments(bars: Bars, bar: Bar) -> Iterator[Segment]:
    """The parts of one bar, from the left; none for those that are nothing."""
    full, start = longest(bars), 0.0
    for series, value in zip(bars.series, bar.values, strict=True):
        width = min(value * 100 / full, 100 - start)
        if width > 0:
            yield Segment(round(start, 3), round(width, 3), series.tone)
        start += width


def total(bar: Bar) -> Cell:
    """What is written at a bar's end."""
    if bar.shown is not None:
        return bar.shown
    whole = sum(bar.values)
    return int(whole) if whole == int(whole) else whole
