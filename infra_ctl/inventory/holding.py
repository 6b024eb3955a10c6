"""Writing into holds.yaml, and finding what has been held for too long. Comments stay."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra_ctl.errors import InventoryError, Problem
from infra_ctl.inventory import tree
from infra_ctl.inventory.files import HOLDS
from infra_ctl.inventory.models import Hold
from infra_ctl.inventory.rewriting import Rewriting, parsed, rewritten, take_back
from infra_ctl.inventory.text import decode, read

USUAL = datetime.timedelta(days=7)
"""How long something is held where nobody says."""


@dataclass(frozen=True, slots=True)
class Written:
    """A hold that was written or lifted, so that it can be put back."""

    object: str
    effect: str
    file: Rewriting


def hold(folder: Path, new: Hold) -> Written:
    """Hold an object from today on, in one move; another hold of it with the same effect is replaced."""
    with rewritten(folder / HOLDS) as file:
        _put(file.content, new.object, new.effect, new.model_dump(exclude_none=True))
    return Written(new.object, new.effect, file)


def lift(folder: Path, object_: str, effect: str) -> Written | None:
    """Let an object go, in one move. None where it is not held."""
    path = folder / HOLDS
    if not path.exists():
        return None
    with rewritten(path) as file:
        found = _put(file.content, object_, effect, None)
    return Written(object_, effect, file) if found else None


def put_back(folder: Path, written: Written) -> bool:
    """Make one hold what it was, in one move: what else was written meanwhile stays.

    False where it is what it was, or where somebody has held or lifted the same since.
    """

    def undo(content: dict[str, Any]) -> bool:
        was, ours = (
            _entry(parsed(each), written.object, written.effect)
            for each in (written.file.before, written.file.after)
        )
        if was == ours or _entry(content, written.object, written.effect) != ours:
            return False
        _put(content, written.object, written.effect, was)
        return True

    return take_back(folder / HOLDS, written.file, undo)


def _entry(content: dict[str, Any], object_: str, effect: str) -> dict[str, Any] | None:
    held = content.get("holds") or ()
    return next((entry for entry in held if (entry["object"], entry["effect"]) == (object_, effect)), None)


def _put(content: dict[str, Any], object_: str, effect: str, entry: dict[str, Any] | None) -> bool:
    """Replace a hold in the list or take it out, in place, for the list knows the comments; was it there?"""
    from ruamel.yaml.comments import CommentedSeq

    if not content.get("holds"):  # `[]` would keep its brackets
        content["holds"] = CommentedSeq()
    held = content["holds"]
    of_it = [
        number for number, each in enumerate(held) if (each["object"], each["effect"]) == (object_, effect)
    ]
    for number in reversed(of_it):
        del held[number]
    if entry is not None:
        held.append(entry)
    return bool(of_it)


def refuse_expired(folder: Path, today: datetime.date) -> None:
    """Raises InventoryError with the holds of a sound inventory whose last day is over.

    Nothing but `check` asks: midnight must not stop a run half-way.
    """
    path = folder / HOLDS
    if not path.exists():
        return
    listed = tree.parse(decode(read(path, str(path)), str(path)), str(path)).child("holds")
    entries = listed[1].content if listed and isinstance(listed[1].content, tuple) else ()
    ends = (found[1] for entry in entries if (found := entry.child("until")))
    if over := [end for end in ends if datetime.date.fromisoformat(str(end.content)) < today]:
        message = "this hold ended on {}: lift it, or give it another end"
        raise InventoryError([Problem(str(path), *end.place, message.format(end.content)) for end in over])
