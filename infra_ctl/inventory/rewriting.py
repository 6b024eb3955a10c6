"""A YAML file of the inventory, changed by us: comments stay, and it is old or new, never between.

Whoever changes one waits for whoever is at it, so that nobody writes over what another has just written.
"""

from __future__ import annotations

import fcntl
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ruamel.yaml import YAML


@dataclass(slots=True)
class Rewriting:
    """A change of one file."""

    content: dict[str, Any]
    """What is to be in it: changed in place."""
    before: bytes | None
    """None where there was none."""
    after: bytes = b""
    """What was written, once it is."""


@contextmanager
def rewritten(path: Path) -> Iterator[Rewriting]:
    """Yields the content of a file, empty where there is none; what is made of it is written in one move."""
    with _alone(path.parent):
        before = _bytes(path)
        rewriting = Rewriting(parsed(before), before)
        yield rewriting
        rewriting.after = _dumped(rewriting.content)
        _write(path, rewriting.after)


def take_back(path: Path, done: Rewriting, undo: Callable[[dict[str, Any]], bool]) -> bool:
    """Make a file what it was before a change; where others changed it since, `undo` takes out ours alone.

    `undo` is false where nothing of ours is left; then nothing is written, which is false here too.
    """
    with _alone(path.parent):
        now = _bytes(path)
        if now == done.after:
            _write(path, done.before)
            return done.before != done.after
        content = parsed(now)
        if undone := undo(content):
            _write(path, _dumped(content))
        return undone


def parsed(written: bytes | None) -> dict[str, Any]:
    """Empty where there is nothing."""
    content: dict[str, Any] | None = _yaml().load(written) if written else None
    return content if content is not None else {}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The folder itself is locked: its files are replaced, and a lock beside them would stay."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _yaml() -> YAML:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(content: dict[str, Any]) -> bytes:
    written = io.BytesIO()
    _yaml().dump(content, written)
    return written.getvalue()


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _write(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)
