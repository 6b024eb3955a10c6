"""A cell as people read it, in their language."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime

from infra_ctl.controls.model import Words
from infra_ctl.inventory.kinds import Language
from infra_ctl.report.document import Cell, Coded, Composed, Imported, Lines, Names, Ratio, Share
from infra_ctl.report.period import local

NOTHING = "\N{EN DASH}"
_LEFT = frozenset("\t\n")
_SWAPPED = str.maketrans(",.", ".,")


def clean(text: str) -> str:
    """In composed form, as Vietnamese is typed, and without what no page, sheet or XML may hold."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(
        each if each in _LEFT or _may_stand(each) else "\N{REPLACEMENT CHARACTER}" for each in composed
    )


def _may_stand(each: str) -> bool:
    """No control characters, lone surrogates or turns of direction, and none of what is no character."""
    return unicodedata.category(each) not in ("Cc", "Cs", "Cn") and each not in _TURNS


_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""With them a line of a log reads otherwise than it is."""


def spoken(cell: Cell, language: Language) -> str:
    """A cell in one line, or in a line each for Lines."""
    return clean(_spoken(cell, language))


def _spoken(cell: Cell, language: Language) -> str:  # noqa: PLR0911 - a line a type
    match cell:
        case None:
            return NOTHING
        case str():
            return cell or NOTHING
        case bool():
            return _YES[language][not cell]
        case int() | float():
            return number(cell, language)
        case datetime():
            return f"{local(cell):%d/%m/%Y %H:%M}" if language == "vi" else f"{local(cell):%Y-%m-%d %H:%M}"
        case date():
            return f"{cell:%d/%m/%Y}" if language == "vi" else f"{cell:%Y-%m-%d}"
        case _:
            return _composed(cell, language)


def _composed(cell: Composed, language: Language) -> str:  # noqa: PLR0911 - a line a type
    match cell:
        case Words():
            return cell.of(language)
        case Coded():
            return cell.words.of(language)
        case Share():
            return _share(cell, language)
        case Ratio():
            return percent(cell.value, language)
        case Lines():
            more = len(cell.lines[cell.most :]) + cell.more
            return "\n".join((*cell.lines[: cell.most], *_more(more, "dòng ", language)))
        case Names() if cell.called:
            return cell.called
        case Names():
            shown = cell.names[: cell.most]
            return " ".join((", ".join(shown) or NOTHING, *_more(len(cell.names) - len(shown), "", language)))
        case Imported():
            value = _spoken(cell.value, language)
            return value if cell.is_brief else f"{value} ({marked(cell, language)})"


def marked(cell: Imported, language: Language) -> str:
    """`số liệu nhập từ Sở Nội vụ`; where the source stands elsewhere, that it is imported."""
    if not cell.source:
        return "số liệu nhập" if language == "vi" else "imported"
    return clean(f"{'số liệu nhập từ' if language == 'vi' else 'imported from'} {cell.source}")


def number(value: float, language: Language) -> str:
    """`1.234,5` in Vietnamese, `1,234.5` in English; two decimals at most."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")
    return text.translate(_SWAPPED) if language == "vi" else text


def percent(ratio: float, language: Language) -> str:
    """`97,5%`; what is nearly all is not said to be all, nor what is hardly any to be none."""
    rounded = round(ratio * 100, 2)
    if rounded == 100 and ratio < 1:
        return f">{number(99.99, language)}%"
    if rounded == 0 and ratio > 0:
        return f"<{number(0.01, language)}%"
    return f"{number(rounded, language)}%"


def _share(share: Share, language: Language) -> str:
    if not share.whole:
        return NOTHING
    counted = f"{number(share.part, language)}/{number(share.whole, language)}"
    return counted if share.is_brief else f"{counted} ({percent(share.part / share.whole, language)})"


def _more(count: int, of: str, language: Language) -> tuple[str, ...]:
    if not count:
        return ()
    many = number(count, language)
    return (f"… và {many} {of}nữa" if language == "vi" else f"… and {many} more",)


_YES = {"vi": ("có", "không"), "en": ("yes", "no")}
