"""Laws from files: those shipped here, and what `inventory/controls/` lays over them or adds.

A file holds one law. One that has the name of another lies on it, control by control; a control is replaced
as a whole, so that nobody has to guess what of the old one still holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from infra_ctl.controls.checking import wrong
from infra_ctl.controls.model import Control, Law
from infra_ctl.errors import InventoryError, Problem
from infra_ctl.inventory import tree
from infra_ctl.inventory.records import Entry, Node, problem
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.text import decode, read, unreadable
from infra_ctl.inventory.wording import problems

T = TypeVar("T", bound=Model)

SHIPPED = Path(__file__).resolve().parent / "laws"
FOLDER = "controls"
"""In an inventory."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A law as its files have it: what it is, and each control where it was written last."""

    about: Entry
    controls: Mapping[str, Entry] = field(default_factory=dict)


def laws(inventory: Path) -> Mapping[str, Law]:
    """Every law by its name, shipped ones first. Raises InventoryError with every problem."""
    found: dict[str, _Written] = {}
    wrongs: list[Problem] = []
    for file in (*_files(SHIPPED), *_files(inventory / FOLDER)):
        try:
            name, written = _read(file)
            below = found.get(name)
            found[name] = written if below is None else _over(below, written)
        except InventoryError as error:
            wrongs.extend(error.problems)
    made = [_law(written, wrongs) for written in found.values()]
    if wrongs:
        raise InventoryError(wrongs)
    return {law.law: law for law in made if law is not None}


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def _read(file: Path) -> tuple[str, _Written]:
    """A law's name, and what its file has. Raises InventoryError."""
    node = tree.parse(decode(read(file, str(file)), str(file)), str(file))
    if not isinstance(node.content, dict):
        raise unreadable(str(file), "must be a mapping: law, title, source, since and controls")
    about = {key: item for key, item in node.content.items() if key != "controls"}
    named = about.get("law")
    if named is None or not isinstance(named[1].content, str):
        raise unreadable(str(file), "must say which `law` it is", *node.place)
    return named[1].content, _Written(
        Entry(str(file), node.place, Node(node.place, about)), _controls(file, node)
    )


def _controls(file: Path, node: Node) -> dict[str, Entry]:
    child = node.child("controls")
    if child is None or child[1].content is None:
        return {}
    if not isinstance(child[1].content, dict):
        raise unreadable(str(file), "must be a mapping: an id, a colon, and what it asks", *child[1].place)
    return {key: Entry(str(file), place, value) for key, (place, value) in child[1].content.items()}


def _over(below: _Written, above: _Written) -> _Written:
    """What only names the law that it lies on says nothing else of it."""
    only_named = isinstance(above.about.node.content, dict) and above.about.node.content.keys() == {"law"}
    return _Written(below.about if only_named else above.about, {**below.controls, **above.controls})


def _law(written: _Written, wrongs: list[Problem]) -> Law | None:
    """The law, or None where something is wrong with it: then that is in `wrongs`."""
    controls = {key: _control(key, entry, wrongs) for key, entry in written.controls.items()}
    about = _object(Law, written.about, written.about.value(), wrongs)
    if about is None:
        return None
    return about.model_copy(
        update={"controls": {k: each for k, each in controls.items() if each is not None}}
    )


def _control(key: str, entry: Entry, wrongs: list[Problem]) -> Control | None:
    values = entry.value()
    made = _object(Control, entry, {"id": key, **values} if isinstance(values, dict) else values, wrongs)
    if made is None:
        return None
    found = [problem(entry, path, message) for path, message in wrong(made)]
    wrongs.extend(found)
    return None if found else made


def _object(model: type[T], entry: Entry, values: object, wrongs: list[Problem]) -> T | None:
    try:
        # As in the inventory: in files a field has one name, its alias.
        return model.model_validate(values, by_alias=True, by_name=False)
    except ValidationError as error:
        wrongs.extend(problems(error, model, entry))
        return None
