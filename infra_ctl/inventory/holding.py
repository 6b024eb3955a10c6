"""Writing into holds.yaml, and finding what has been held for too long. Comments stay."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from infra_ctl.errors import InventoryError, Problem
from infra_ctl.inventory import tree
from infra_ctl.inventory.files import HOLDS
from infra_ctl.inventory.models import Hold
from infra_ctl.inventory.rewriting import rewritten
from infra_ctl.inventory.text import decode, read

USUAL = datetime.timedelta(days=7)
"""How long something is held where nobody says."""


def hold(folder: Path, new: Hold) -> None:
    """Hold an object from today on, in one move; another hold of it with the same effect is replaced."""
    with rewritten(folder / HOLDS) as content:
        _drop(content, new.object, new.effect)
        content["holds"].append(new.model_dump(exclude_none=True))


def lift(folder: Path, object_: str, effect: str) -> bool:
    """Let an object go, in one move. False where it is not held."""
    path = folder / HOLDS
    if not path.exists():
        return False
    with rewritten(path) as content:
        return _drop(content, object_, effect)


def _drop(content: dict[str, Any], object_: str, effect: str) -> bool:
    """Take a hold out of the list, in place: the list knows the comments."""
    from ruamel.yaml.comments import CommentedSeq

    if not content.get("holds"):  # `[]` would keep its brackets
        content["holds"] = CommentedSeq()
    held = content["holds"]
    of_it = [
        number for number, entry in enumerate(held) if (entry["object"], entry["effect"]) == (object_, effect)
    ]
    for number in reversed(of_it):
        del held[number]
    return bool(of_it)


def put_back(path: Path, content: bytes | None) -> bool:
    """Make a file what it was, in one move; None means that there was none. False where it is."""
    if (path.read_bytes() if path.exists() else None) == content:
        return False
    if content is None:
        path.unlink()
    else:
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(content)
        fresh.replace(path)
    return True


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
