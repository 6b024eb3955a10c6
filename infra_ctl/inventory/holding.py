"""Writing into holds.yaml, and finding what has been held for too long. Comments stay."""

from __future__ import annotations

import datetime
from pathlib import Path

from infra_ctl.errors import Problem
from infra_ctl.inventory import tree
from infra_ctl.inventory.files import HOLDS
from infra_ctl.inventory.models import Hold
from infra_ctl.inventory.rewriting import rewritten
from infra_ctl.inventory.text import decode, read


def hold(folder: Path, new: Hold) -> None:
    """Hold an object from today on, in one move; another hold of it with the same effect is replaced."""
    with rewritten(folder / HOLDS) as content:
        kept = [entry for entry in content.get("holds") or [] if not _is(entry, new.object, new.effect)]
        content["holds"] = [*kept, new.model_dump(exclude_none=True)]


def lift(folder: Path, object_: str, effect: str) -> bool:
    """Let an object go, in one move. False where it is not held."""
    path = folder / HOLDS
    if not path.exists():
        return False
    with rewritten(path) as content:
        held = content.get("holds") or []
        content["holds"] = [entry for entry in held if not _is(entry, object_, effect)]
    return len(content["holds"]) < len(held)


def _is(entry: dict[str, str], object_: str, effect: str) -> bool:
    return (entry["object"], entry["effect"]) == (object_, effect)


def expired(folder: Path, today: datetime.date) -> tuple[Problem, ...]:
    """Holds of a sound inventory whose last day is over.

    They are no reason to refuse the inventory: midnight must not stop a run half-way.
    """
    path = folder / HOLDS
    if not path.exists():
        return ()
    listed = tree.parse(decode(read(path, str(path)), str(path)), str(path)).child("holds")
    entries = listed[1].content if listed and isinstance(listed[1].content, tuple) else ()
    ends = (found[1] for entry in entries if (found := entry.child("until")))
    return tuple(
        Problem(str(path), *end.place, f"this hold ended on {end.content}: lift it, or give it another end")
        for end in ends
        if datetime.date.fromisoformat(str(end.content)) < today
    )
