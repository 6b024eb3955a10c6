"""What an official report is set in: to whom it goes, how it begins and ends, what the unit has to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from infra_ctl.controls.model import Words
from infra_ctl.inventory.models import Inventory, Unit
from infra_ctl.report.document import Letterhead, Paragraph, Section, same, words
from infra_ctl.report.wanted import Wanted
from infra_ctl.report.wording import NONE


def addressed(head: Letterhead, collecting: Unit | None, unit: Unit | None) -> Letterhead:
    """A unit writes to the one that draws up the city's report; that one writes as it always does."""
    if collecting is None or unit is None or unit.kind == "city" or unit.code == collecting.code:
        return head
    return replace(head, to=(collecting.name,))


def opening(head: Letterhead, matter: str) -> Words:
    """Who writes has been said above: of what."""
    return words(f"{head.agency} báo cáo {inner(matter)} như sau:", f"{head.agency} reports as follows:")


def closing(head: Letterhead, aim: str = "") -> Words:
    """`aim` is what those to whom it goes are to do with it."""
    to = f", kính gửi {', '.join(head.to)}{aim}" if head.to else ""
    return words(f"Trên đây là báo cáo của {head.agency}{to}./.", f"This is the report of {head.agency}.")


def inner(text: str) -> str:
    """As it stands within a sentence; an abbreviation stays as it is."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def said(wanted: Wanted, inventory: Inventory, report: str) -> Iterator[Section]:
    """What only the unit itself can say."""
    remark = wanted.remark(inventory, report)
    for heading, paragraphs in (
        (words("Khó khăn, vướng mắc", "Difficulties"), remark.difficulties if remark else ()),
        (words("Đề xuất, kiến nghị", "Proposals"), remark.proposals if remark else ()),
    ):
        blocks = tuple(Paragraph(same(text)) for text in paragraphs)
        yield Section(heading, blocks or (Paragraph(NONE),))
