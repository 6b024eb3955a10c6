"""Laws from files: those shipped here, and what `inventory/controls/` lays over them or adds.

A file has one law. One that has the name of a shipped law lies on it, control by control; a control is
replaced as a whole, so that nobody has to guess what of the old one still holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from infra_ctl.controls.checking import wrong
from infra_ctl.controls.model import Control, Law
from infra_ctl.errors import InventoryError, Problem
from infra_ctl.inventory import tree
from infra_ctl.inventory.files import LAWS
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.records import Entry, Node, problem
from infra_ctl.inventory.slices import read_slice
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.text import decode, read, unreadable
from infra_ctl.inventory.wording import problems

T = TypeVar("T", bound=Model)

SHIPPED = Path(__file__).resolve().parent / "laws"
MOST_FILES = 1000
"""In that folder: a city has a handful."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A law as its files have it: what it is, where that is said, and each control."""

    name: str
    about: Entry | None
    place: Entry
    """Of its name, in the file that was read first."""
    controls: Mapping[str, Entry] = field(default_factory=dict)


def laws(inventory: Path) -> Mapping[str, Law]:
    """Every law by its name, shipped ones first; a part of a city has those of the whole.

    Raises InventoryError with every problem.
    """
    wrongs: list[Problem] = []
    found = {**shipped()}
    slice_ = read_slice(inventory)
    folder = (inventory if slice_ is None else slice_.of) / LAWS
    for name, written in _joined(_all(_files(folder, wrongs), wrongs), wrongs).items():
        if (law := _law(written, shipped(), wrongs)) is not None:
            found[name] = law
    if wrongs:
        raise InventoryError(wrongs)
    return found


@cache
def shipped() -> Mapping[str, Law]:
    """The laws of this package by their names."""
    wrongs: list[Problem] = []
    written = _joined(_all(sorted(SHIPPED.glob("*.yaml")), wrongs), wrongs)
    made = {name: _law(each, {}, wrongs) for name, each in written.items()}
    if wrongs:
        raise InventoryError(wrongs)
    return {name: law for name, law in made.items() if law is not None}


def _files(folder: Path, wrongs: list[Problem]) -> list[Path]:
    """The laws of a folder, where there is one; what else lies there would be believed to be read."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        wrongs.append(Problem(str(folder), 0, 0, f"is no folder that can be read: {reason}"))
        return []
    if len(names) > MOST_FILES:
        wrongs.append(Problem(str(folder), 0, 0, f"has {len(names)} files, more than {MOST_FILES}"))
        return []
    others = [name for name in names if not name.endswith(".yaml") and name != "README.md"]
    wrongs.extend(
        Problem(str(folder / name), 0, 0, "is not read: laws are in .yaml files") for name in others
    )
    return [folder / name for name in names if name.endswith(".yaml")]


def _all(files: Iterable[Path], wrongs: list[Problem]) -> Iterable[_Written]:
    for file in files:
        try:
            yield _read(file)
        except InventoryError as error:
            wrongs.extend(error.problems)


def _read(file: Path) -> _Written:
    """What a file has. Raises InventoryError."""
    node = tree.parse(decode(read(file, str(file)), str(file)), str(file))
    if not isinstance(node.content, dict):
        raise unreadable(str(file), "must be a mapping: law, title, source, since and controls", *node.place)
    about = {key: item for key, item in node.content.items() if key != "controls"}
    if (named := about.get("law")) is None or not isinstance(named[1].content, str):
        place = named[0] if named is not None else node.place
        raise unreadable(str(file), "must say which `law` it is", *place)
    return _Written(
        named[1].content,
        # What only names the law says nothing of it that would be other than below.
        Entry(str(file), node.place, Node(node.place, about)) if len(about) > 1 else None,
        Entry(str(file), named[1].place, named[1]),
        _controls(file, node),
    )


def _controls(file: Path, node: Node) -> dict[str, Entry]:
    child = node.child("controls")
    if child is None or child[1].content is None:
        return {}
    if not isinstance(child[1].content, dict):
        raise unreadable(str(file), "must be a mapping: an id, a colon, and what it asks", *child[1].place)
    return {key: Entry(str(file), place, value) for key, (place, value) in child[1].content.items()}


def _joined(files: Iterable[_Written], wrongs: list[Problem]) -> Mapping[str, _Written]:
    """Files of one law as one; they may not say the same thing twice."""
    found: dict[str, _Written] = {}
    for each in files:
        earlier = found.get(each.name)
        if earlier is None:
            found[each.name] = each
            continue
        for key in each.controls.keys() & earlier.controls.keys():
            first = _place(earlier.controls[key])
            message = f"control {key!r} of {each.name} is written twice, first in {first}"
            wrongs.append(problem(each.controls[key], (), message, key=True))
        if each.about is not None and earlier.about is not None:
            message = f"law {each.name!r} is described twice, first in {_place(earlier.place)}"
            wrongs.append(problem(each.place, (), message))
        controls = {**earlier.controls, **each.controls}
        found[each.name] = replace(earlier, about=earlier.about or each.about, controls=controls)
    return found


def _place(entry: Entry) -> str:
    return f"{Path(entry.file).name} on line {entry.start[0]}"


def _law(written: _Written, below: Mapping[str, Law], wrongs: list[Problem]) -> Law | None:
    """A law, laid on the one of its name; None where something is wrong: then that is in `wrongs`."""
    controls = {key: _control(key, entry, wrongs) for key, entry in written.controls.items()}
    base = below.get(written.name)
    about = base if written.about is None else _object(Law, written.about, written.about.value(), wrongs)
    if written.about is None and base is None:
        hint = did_you_mean(written.name, below)
        message = f"there is no law {written.name!r} to lie on{hint}; a new one has title, source and since"
        wrongs.append(problem(written.place, (), message))
    if about is None:
        return None
    made = {key: each for key, each in controls.items() if each is not None}
    return about.model_copy(update={"controls": {**(base.controls if base is not None else {}), **made}})


def _control(key: str, entry: Entry, wrongs: list[Problem]) -> Control | None:
    values = entry.value()
    if isinstance(values, dict):
        if "id" in values:
            wrongs.append(problem(entry, ("id",), "unknown key 'id': it is the key above", key=True))
            return None
        values = {"id": key, **values}
    made = _object(Control, entry, values, wrongs)
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
