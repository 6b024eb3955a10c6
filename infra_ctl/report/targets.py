"""What governing documents ask in figures, by when, and what it is measured by: data beside the code.

A city writes more of them in `inventory/targets/`, a document a file; one that has the name of a shipped
document takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra_ctl.errors import InventoryError, Problem
from infra_ctl.inventory import tree
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.indicators import IMPORTED
from infra_ctl.inventory.records import Entry, problem
from infra_ctl.inventory.schema import schema
from infra_ctl.inventory.text import decode, read
from infra_ctl.inventory.wording import problems
from infra_ctl.report.mandate import Mandate
from infra_ctl.report.measured import COMPUTED

SHIPPED = Path(__file__).resolve().parent / "documents"
FOLDER = "targets"
"""In an inventory."""


@cache
def shipped() -> tuple[Mandate, ...]:
    """Every document of this package that sets targets, the earliest first."""
    return _sorted(_read(path) for path in SHIPPED.glob("*.yaml"))


def mandates(inventory: Path) -> tuple[Mandate, ...]:
    """Those of this package and of a city's folder. Raises InventoryError with every problem."""
    own: dict[str, Mandate] = {}
    wrong: list[Problem] = []
    for path in _files(inventory / FOLDER, wrong):
        try:
            found = _read(path)
        except InventoryError as error:
            wrong.extend(error.problems)
        else:
            own[found.document] = found
    if wrong:
        raise InventoryError(wrong)
    return _sorted([*(each for each in shipped() if each.document not in own), *own.values()])


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of the files, by their name in an inventory."""
    return {f"{FOLDER}.yaml": schema("Targets of a governing document", Mandate)}


def _sorted(found: Iterator[Mandate] | list[Mandate]) -> tuple[Mandate, ...]:
    return tuple(sorted(found, key=lambda mandate: (mandate.since, mandate.document)))


def _files(folder: Path, wrong: list[Problem]) -> list[Path]:
    """The documents of a folder, where there is one; what else lies there would be believed to be read."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        wrong.append(Problem(str(folder), 0, 0, f"is no folder that can be read: {reason}"))
        return []
    others = [name for name in names if not name.endswith(".yaml") and name != "README.md"]
    wrong += [Problem(str(folder / name), 0, 0, "is not read: documents are .yaml files") for name in others]
    return [folder / name for name in names if name.endswith(".yaml")]


def _read(path: Path) -> Mandate:
    """Raises InventoryError."""
    node = tree.parse(decode(read(path, str(path)), str(path)), str(path))
    record = Entry(str(path), node.place, node)
    try:
        mandate = Mandate.model_validate(node.value(), by_alias=True, by_name=False)
    except ValidationError as error:
        raise InventoryError(list(problems(error, Mandate, record))) from error
    if wrong := list(_unmeasured(mandate, record)):
        raise InventoryError(wrong)
    return mandate


def _unmeasured(mandate: Mandate, record: Entry) -> Iterator[Problem]:
    """Targets that nothing measures as a share."""
    shares = [name for name, each in IMPORTED.items() if each.shape == "share"]
    shares += [name for name, each in COMPUTED.items() if each.is_share]
    for number, target in mandate.targets.items():
        if target.indicator not in shares:
            message = f"no share is called {target.indicator!r}{did_you_mean(target.indicator, shares)}"
            yield problem(record, ("targets", number, "indicator"), message)
