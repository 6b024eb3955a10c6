"""CSV text → rows with places. One line is one row; a line that starts with `#` is a comment."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from infra_ctl.errors import InventoryError, Problem
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.records import Row
from infra_ctl.inventory.text import unreadable

MAX_PROBLEMS = 1000
"""Bad lines that are reported of one file; a file with more is not this table at all."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table must and may have, in the order in which it is best written."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    key: tuple[str, ...]
    """Columns that tell one row from another."""

    @classmethod
    def of(cls, required: str, *, key: str, optional: str = "") -> Columns:
        """Names as a header has them, with commas between."""
        return cls(
            tuple(required.split(",")), tuple(filter(None, optional.split(","))), tuple(key.split(","))
        )

    @property
    def known(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows in the order of the file, and what is wrong with the rest; `complete` where no row was lost."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    complete: bool


def parse(text: str, file: str, columns: Columns) -> Sheet:
    """Read a table. Raises InventoryError where it has no header."""
    lines = _lines(text)
    number, header = next(lines, (1, ""))
    if not header:
        raise unreadable(file, f"is empty; its first line is {','.join(columns.known)}", 1)
    names = _fields(header, number, file)
    problems = tuple(_header_problems(names, number, file, columns))
    if not set(columns.required) <= set(names):
        return Sheet((), problems, complete=False)
    numbers = {name: index for index, name in enumerate(names, 1) if name in columns.known}
    rows: list[Row] = []
    lost: list[Problem] = []
    for number, line in lines:
        try:
            rows.append(
                Row(file, number, numbers, _width(_fields(line, number, file), len(names), number, file))
            )
        except InventoryError as error:
            lost.extend(error.problems)
        if len(lost) >= MAX_PROBLEMS:
            lost.append(Problem(file, number + 1, 0, "too many problems; the rest was not read"))
            break
    return Sheet(tuple(rows), (*problems, *lost), complete=not lost)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.isspace() and not line.startswith("#"):
            yield number, line


def _fields(line: str, number: int, file: str) -> list[str]:
    if '"' not in line:
        return [field.strip() for field in line.split(",")]
    try:
        return [field.strip() for field in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        raise unreadable(file, f"is not CSV: {error}", number) from error


def _width(fields: list[str], width: int, number: int, file: str) -> list[str]:
    if len(fields) != width:
        message = f"has {len(fields)} fields, the header has {width}"
        raise unreadable(file, message, number, min(len(fields), width) + 1)
    return fields


def _header_problems(names: list[str], number: int, file: str, columns: Columns) -> Iterator[Problem]:
    for index, name in enumerate(names, 1):
        if name in names[: index - 1]:
            yield Problem(file, number, index, f"column {name!r} is written twice")
        elif name not in columns.known:
            yield Problem(file, number, index, f"unknown column {name!r}{did_you_mean(name, columns.known)}")
    missing: Collection[str] = [name for name in columns.required if name not in names]
    if missing:
        yield Problem(file, number, 0, f"column missing: {', '.join(missing)}")
