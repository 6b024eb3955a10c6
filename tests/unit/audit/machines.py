"""Machines as tests see them: the texts that real ones of the twin gave, and what somebody did to them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from infra_ctl.audit.collecting.examining.asking import answers
from infra_ctl.audit.collecting.examining.meant import Meant, meant
from infra_ctl.audit.collecting.examining.questions import questions
from infra_ctl.audit.collecting.examining.reading import part
from infra_ctl.audit.collecting.examining.seen import Heard, Seen
from infra_ctl.audit.collecting.part import Part
from infra_ctl.city import City, load_city
from infra_ctl.controls.exhibit import Line

CASES = Path(__file__).parents[2] / "cases/machines"
ROUTER, LOGS, DATABASE, BARE = "dc-core1", "dc-log-1", "dc-db-1", "dc-mail-1"
"""A router with zones; a collector; a database; a host as its installer left it."""
HEARD: Heard = {DATABASE: (60.0, Line("dc-log-1:/var/log/city/3/dc-db-1.log", 0, "written a minute ago"))}


@cache
def city() -> City:
    return load_city(Path(__file__).parents[3] / "inventory")


def text_of(name: str) -> str:
    return (CASES / f"{name}.txt").read_text(encoding="utf-8")


def seen(name: str, text: str = "", *, heard: Heard | str = HEARD, machine: Meant | None = None) -> Seen:
    """A machine by what it said, at its own time."""
    machine = machine or meant(city(), name)
    asked = questions(is_router=machine.is_router, is_collector=machine.is_collector, tls=machine.tls)
    said = text or text_of(name)
    stamp = re.search(r"^now=(\d+)$", said, re.MULTILINE)
    at = datetime.fromtimestamp(int(stamp[1]) if stamp else 0, UTC).replace(tzinfo=None)
    return Seen(machine, answers(asked, said, "MARK"), at, heard)


def examined(name: str, text: str = "") -> Part:
    return part(seen(name, text), "device" if name == ROUTER else "host")


def said(text: str, question: str, lines: str, code: int = 0) -> str:
    """A text in which a question has another answer."""
    block = re.compile(rf"^MARK begin {question}\n.*?^MARK end {question}\n(?:.*?)MARK \d+$", re.M | re.S)
    found, count = block.subn(
        lambda _: f"MARK begin {question}\n{lines}\nMARK end {question}\nMARK {code}", text
    )
    assert count == 1, question
    return found


def added(text: str, question: str, lines: str) -> str:
    """A text in which an answer has more lines at its end."""
    end = f"MARK end {question}\n"
    assert text.count(end) == 1, question
    head, tail = text.split(end)
    kept = head.rstrip("\n")
    return f"{kept}\n{lines}\n\n{end}{tail}"


def edited(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new)


def days(count: float) -> float:
    return timedelta(days=count).total_seconds()
