"""Where an inventory was written, kept beside it: who says something of the city shows the very line.

inventory.quote("circuits", "nk-1", "direction")    circuits.csv:17: nk-1,dc:core1/eth21,…
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from infra_ctl.inventory.records import Record


class Quote(NamedTuple):
    """One line of a file of the inventory, without its indent."""

    file: str
    number: int
    """From 1."""
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.number}: {self.text}"


@dataclass(frozen=True, slots=True)
class Writing:
    """Every object as it was written, by the name of its table in the inventory and its key there."""

    tables: Mapping[str, Mapping[str, Record]]
    texts: Mapping[str, str]
    """Of each file, by its name in the folder."""
    _lines: dict[str, list[str]] = field(default_factory=dict)
    """Of the files that somebody quoted."""

    def quote(self, table: str, key: str, *path: str | int) -> Quote:
        """The line of the value at `path` of an object; where that is not written, of the nearest that is.

        Raises KeyError where no such object was written.
        """
        record = self.tables[table][key]
        file, number = record.file.rpartition("/")[2], record.place(path)[0]
        return Quote(file, number, self._text(file, number))

    def _text(self, file: str, number: int) -> str:
        if file not in self._lines:
            self._lines[file] = self.texts[file].split("\n")
        return self._lines[file][number - 1].strip()
