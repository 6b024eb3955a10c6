"""A report as a frozen value: a head, sections, a foot. It says what is to be read; renderers say how.

Whatever stands in a cell keeps its own type: for people it is put into words of their language, for programs
it stays a value. Keys of tables, columns and headlines are a promise to those who read the JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from infra_ctl.controls.model import Words

if TYPE_CHECKING:
    from infra_ctl.report.period import Period

Tone: TypeAlias = Literal["", "good", "bad", "warn", "muted"]
"""How something is shown; what it says must be clear without."""


def words(vi: str, en: str) -> Words:
    """One sentence in both languages, of any length, unlike those of files."""
    return Words.model_construct(vi=vi, en=en)


def same(text: str) -> Words:
    """What is written alike in both: a name."""
    return words(text, text)


@dataclass(frozen=True, slots=True)
class Coded:
    """One of a fixed set: a code for programs, words for people."""

    code: str
    words: Words
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many: `12/15 (80 %)`."""

    part: int
    whole: int
    is_brief: bool = False
    """Said without its percentage: `12/15`, for tables with many of them."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A part of one: `0.8` is 80 %."""

    value: float


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines as a machine or a file has them, how many more there are, and how many of them a page shows."""

    lines: tuple[str, ...]
    more: int = 0
    most: int = 40


@dataclass(frozen=True, slots=True)
class Names:
    """Names of objects, as a list; a page shows so many of them and counts the others."""

    names: tuple[str, ...]
    most: int = 12
    called: str = ""
    """What people call it, where it is one alone."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A value that another office counted: it is marked so wherever it is shown."""

    value: str | int | float | Share | Ratio
    source: str
    is_brief: bool = False
    """Said in italics alone, where the head of its column has the mark."""


Composed: TypeAlias = Words | Coded | Share | Ratio | Lines | Names | Imported
Cell: TypeAlias = str | int | float | bool | date | datetime | Composed | None
"""Nothing is what is not known or does not apply. A datetime is in UTC, without a zone."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    shape: ClassVar = "paragraph"
    text: Words
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """One figure that is to be seen first, and what it was before."""

    key: str
    title: Words
    value: Cell
    before: Cell = None
    tone: Tone = ""
    note: Words | None = None


@dataclass(frozen=True, slots=True)
class Headlines:
    shape: ClassVar = "headlines"
    key: str
    items: tuple[Headline, ...]


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    title: Words
    is_number: bool = False
    is_data: bool = False
    """For programs and sheets alone: on a page it would take more room than it is worth."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; `empty` is said where there is none."""

    shape: ClassVar = "table"

    key: str
    title: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: Words
    note: Words | None = None
    is_data: bool = False
    """As a column is: on a page another table says it in fewer rows."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a length for each series of its chart."""

    label: Words
    values: tuple[float, ...]
    shown: Cell = None
    """What is written at its end; the sum of its values without."""
    mark: float | None = None
    """Where a target stands."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of bars that lie beneath each other; a trend is one with the oldest first."""

    shape: ClassVar = "bars"

    key: str
    title: Words
    series: tuple[Coded, ...]
    bars: tuple[Bar, ...]
    most: float = 0
    """How long a full bar is; the longest one's length without."""


Block: TypeAlias = Paragraph | Headlines | Table | Bars


@dataclass(frozen=True, slots=True)
class Section:
    title: Words
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes to whom, and who signs, as Decree 30/2020/NĐ-CP lays out an official document."""

    agency: str
    place: str
    above: str = ""
    """The agency directly above it, where its name stands too."""
    symbol: str = ""
    """What follows the number of a letter: `BC-UBND`."""
    number: str = ""
    """Empty until the clerk has given it one: then there is room for it."""
    dated: date | None = None
    """Of the letter; the day on which it was made without."""
    to: tuple[str, ...] = ()
    """Kính gửi."""
    recipients: tuple[str, ...] = ()
    """Nơi nhận; the archive is added where it is not among them."""
    on_behalf: Words | None = None
    office: Words | None = None
    signer: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One report."""

    kind: str
    subject: Words
    """What it is about, beneath the word `BÁO CÁO`."""
    head: Letterhead
    sections: tuple[Section, ...]
    made: datetime
    """UTC, without a zone."""
    context: str
    """Of which network; all but `live` is said on the page."""
    period: Period | None = None
    unit: str = ""
    """Code of the unit that it is about; empty for the whole city."""
    grounds: tuple[Words, ...] = field(default=())
    """What asks for it: laws, decisions."""
    opening: Words | None = None
    """The sentence after which it begins."""
    closing: Words | None = None
    """The one with which it ends."""
