"""The sentences that an official report begins and ends with."""

from __future__ import annotations

from infra_ctl.controls.model import Words
from infra_ctl.report.document import Letterhead, words


def opening(head: Letterhead, subject: Words) -> Words:
    return words(f"{head.agency} báo cáo {inner(subject.vi)} như sau:", f"{head.agency} reports as follows:")


def closing(head: Letterhead) -> Words:
    to = f", kính gửi {', '.join(head.to)}" if head.to else ""
    return words(f"Trên đây là báo cáo của {head.agency}{to}./.", f"This is the report of {head.agency}.")


def inner(text: str) -> str:
    """As it stands within a sentence; an abbreviation stays as it is."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
