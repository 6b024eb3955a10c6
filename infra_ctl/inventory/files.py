"""A folder → the records of its files. Knows which files there are and how each is laid out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path

from infra_ctl.errors import InventoryError, Problem
from infra_ctl.inventory import table, tree
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.records import Entry, Node, Record, Row
from infra_ctl.inventory.table import Columns
from infra_ctl.inventory.text import decode, read, unreadable

ASSETS = "assets.csv"
FIGURES = "figures.csv"
HOLDS = "holds.yaml"
MONITORING = "monitoring.yaml"
RECORDS = "records.yaml"
REPORTS = "reports.yaml"
AUDITS = "audits.yaml"
WAIVERS = "waivers.yaml"
LAWS = "controls"
"""A folder beside them, of laws that the city wrote: another room reads what they say."""
TREES = (
    "city.yaml",
    "profiles.yaml",
    "sites.yaml",
    "contracts.yaml",
    "peers.yaml",
    "hosts.yaml",
    "zones.yaml",
    "administrators.yaml",
    "systems.yaml",
    "video.yaml",
)
TABLES = {
    "units.csv": Columns.of("edition,code,kind,name", optional="parent", key="edition,code"),
    "pops.csv": Columns.of("id,number,name,area", key="id"),
    "communes.csv": Columns.of(
        "site,unit,pop,number,profile,ipv6", optional="name,lat,lon,contract", key="site"
    ),
    "circuits.csv": Columns.of(
        "id,a,z,class,handoff,provider,mbps,mtu,direction,loss,rtt_ms,jitter_ms", key="id"
    ),
    ASSETS: Columns.of("machine", optional="serial,support_end,location,owner", key="machine"),
    FIGURES: Columns.of(
        "edition,unit,indicator,period,value,of,source,date,by", key="edition,unit,indicator,period"
    ),
}
SECTIONS = {
    "video.yaml": ("mcus", "rooms", "meetings"),
    "unmanaged.yaml": ("unmanaged", "claimed"),
    HOLDS: ("holds",),
    RECORDS: ("records", "incidents", "statements"),
    REPORTS: ("issuers", "remarks"),
    WAIVERS: ("waivers",),
}
OPTIONAL = ("unmanaged.yaml", HOLDS, MONITORING, RECORDS, REPORTS, AUDITS, WAIVERS)
MAY_LACK = (*OPTIONAL, ASSETS, FIGURES)
"""Files that a city can do without."""


@dataclass(slots=True)
class Folder:
    """Everything that was read. Reading goes on after a problem, so that all are found in one go."""

    path: Path
    nodes: dict[str, Node] = field(default_factory=dict)
    rows: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """What stands in each file, by its name."""
    damaged: set[str] = field(default_factory=set)
    """Files of which something was lost: what is not in them may exist all the same."""
    problems: list[Problem] = field(default_factory=list)
    digest: str = ""

    def name(self, file: str) -> str:
        """How a file is called in problems."""
        return str(self.path / file)

    def records(self, source: str, kind: str) -> dict[str, Record]:
        """Objects by key of a `file`, or of one `file:section`."""
        file, _, section = source.partition(":")
        if file in TABLES:
            return self._rows(file, TABLES[file].key, kind)
        return self._entries(file, section or None)

    def _entries(self, file: str, section: str | None) -> dict[str, Record]:
        node = self._section(file, section)
        if node is None or node.content is None:
            return {}
        if not isinstance(node.content, dict):
            self._lose(file, node, "must be a mapping: an id, a colon, and what it has")
            return {}
        return {key: Entry(self.name(file), place, value) for key, (place, value) in node.content.items()}

    def items(self, file: str, section: str) -> dict[str, Record]:
        """Elements of a list in a section of a YAML file, keyed by their number from 1."""
        node = self._section(file, section)
        if node is None or node.content is None:
            return {}
        if not isinstance(node.content, tuple):
            self._lose(file, node, "must be a list")
            return {}
        return {
            str(number): Entry(self.name(file), element.place, element)
            for number, element in enumerate(node.content, 1)
        }

    def has(self, file: str, section: str) -> bool:
        """Whether a section is written, be it empty."""
        return self._section(file, section) is not None

    def whole(self, file: str) -> Entry:
        """A YAML file as one object; an empty one where it could not be read."""
        return Entry(self.name(file), (1, 1), self.nodes.get(file, Node((1, 1), {})))

    def check_sections(self, file: str) -> None:
        """A file of sections has these at its top and nothing else."""
        node, known = self.nodes[file], SECTIONS[file]
        if not isinstance(node.content, dict):
            self._lose(
                file,
                node,
                f"must have the keys {', '.join(known[:-1])}{' and ' * (len(known) > 1)}{known[-1]}",
            )
            return
        for key, (place, _) in node.content.items():
            if key not in known:
                message = f"unknown key {key!r}{did_you_mean(key, known)}"
                self.problems.append(Problem(self.name(file), *place, message))

    def _rows(self, file: str, columns: tuple[str, ...], kind: str) -> dict[str, Record]:
        """Rows of a table by their key columns, joined with `/`. A key that comes again is a problem."""
        records: dict[str, Record] = {}
        for row in self.rows.get(file, ()):
            value = row.value()
            key = "/".join(value.get(column, "") for column in columns)
            if (earlier := records.get(key)) is None:
                records[key] = row
            else:
                place = row.place((columns[-1],))
                line = earlier.place(())[0]
                self.problems.append(
                    Problem(row.file, *place, f"{kind} {key!r} is written twice, first on line {line}")
                )
        return records

    def _lose(self, file: str, node: Node, message: str) -> None:
        self.damaged.add(file)
        self.problems.append(Problem(self.name(file), *node.place, message))

    def _section(self, file: str, section: str | None) -> Node | None:
        node = self.nodes.get(file)
        if section is None or node is None:
            return node
        found = node.child(section)
        return found[1] if found else None


def open_folder(path: Path) -> Folder:
    """Read all files of an inventory; what is wrong with them is in `problems`.

    Raises InventoryError where there is no folder at all.
    """
    try:
        names = {entry.name for entry in path.iterdir()}
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise unreadable(
            str(path), f"is no folder that can be read: {reason}; -i DIR or INFRA_CTL_INVENTORY names it"
        ) from error
    folder = Folder(path)
    digest = hashlib.sha256()
    for file in (*TREES, *TABLES, *OPTIONAL):
        try:
            data = _bytes(folder, file, names)
            # Lengths keep apart what is only cut differently between two files.
            digest.update(b"%s %d\n" % (file.encode(), len(data)) + data)
            _parse(folder, file, data)
        except InventoryError as error:
            folder.damaged.add(file)
            folder.problems.extend(error.problems)
    if LAWS in names:
        for file, data in _laws(path / LAWS):
            digest.update(b"%s %d\n" % (file.encode(), len(data)) + data)
    folder.digest = digest.hexdigest()
    return folder


def _laws(path: Path) -> Iterator[tuple[str, bytes]]:
    """The laws of a city, by name; what is wrong with one is told by those who judge by it."""
    for file in sorted(path.glob("[!.]*.yaml")):
        name = f"{LAWS}/{file.name}"
        try:
            yield name, read(file, name)
        except InventoryError:
            yield name, b""


def _bytes(folder: Folder, file: str, names: Set[str]) -> bytes:
    # Asked of the folder: a link that leads nowhere is there, and is unreadable, not missing.
    if file in names:
        return read(folder.path / file, folder.name(file))
    if file in MAY_LACK:
        return b""
    others = names - {*TREES, *TABLES, *OPTIONAL}
    raise unreadable(folder.name(file), f"is missing{did_you_mean(file, others)}")


def _parse(folder: Folder, file: str, data: bytes) -> None:
    if file in MAY_LACK and not data:
        return
    text = folder.texts[file] = decode(data, folder.name(file))
    if file in TABLES:
        sheet = table.parse(text, folder.name(file), TABLES[file])
        folder.rows[file] = sheet.rows
        folder.problems.extend(sheet.problems)
        if not sheet.complete:
            folder.damaged.add(file)
    else:
        folder.nodes[file] = tree.parse(text, folder.name(file))
        if file in SECTIONS:
            folder.check_sections(file)
