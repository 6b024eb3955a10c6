"""What the stack of a twin reads: the slice that the twin is, its configuration, the city's names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from infra_ctl.city import City, slice_of
from infra_ctl.inventory.kinds import HostRole, Language
from infra_ctl.inventory.slices import Slice, write_slice
from infra_ctl.lab.city import host_node, lab_vault
from infra_ctl.lab.model import HostNode, TwinSpec
from infra_ctl.lab.monitor import vantage
from infra_ctl.lab.monitor.parts import Places
from infra_ctl.lab.state import Folder
from infra_ctl.monitor.rendering import installed_snmp_exporter, monitor_files, write
from infra_ctl.monitor.stack import EXPORTERS, Stack, stack


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a stack."""

    inventory: Path
    """The city's folder, which its exporters read."""
    installed: tuple[str, ...]
    """Exporters of ours that there are."""
    host: str | None = None
    """The monitoring host that it stands in for; the data centre's without."""
    hurry: int = 1
    sink: str = ""
    language: Language = "vi"


def slice_of_twin(city: City, spec: TwinSpec, host: str, inventory: Path) -> Slice:
    """What the twin has, and the host that is stood in for. On no other one does a stack run."""
    others = (name for name, each in city.hosts.items() if HostRole.MONITORING in each.roles)
    booted = {each.hostname for each in spec.hosts} - set(others)
    return Slice(
        of=inventory.absolute(),
        devices=tuple(each.hostname for each in spec.nodes if each.hostname in city.intents),
        hosts=tuple(sorted({host, *booted})),
        rooms=tuple(room.hostname for room in spec.rooms),
        parts=spec.parts,
        stand_ins=(host,),
    )


def stood_in(city: City, spec: TwinSpec, host: str | None) -> HostNode:
    """A monitoring host as the twin would have it, the data centre's unless one is named.

    Raises UnusableError, and LabUsageError where the twin has none of its routers, or the host itself.
    """
    there = {each.hostname for each in spec.nodes}
    intents = {name: each for name, each in city.intents.items() if name in there}
    found = host_node(stack(city, host, "http", is_plain=True).host, city, intents)
    vantage.refuse_booted(spec, found)
    return found


def prepared(folder: Folder, city: City, spec: TwinSpec, wanted: Wanted) -> tuple[Stack, HostNode]:
    """The stack and whom it stands in for, all that it reads written. Raises LabUsageError, RefusedError."""
    stand_in = stood_in(city, spec, wanted.host)
    host = stand_in.hostname
    slice_ = slice_of_twin(city, spec, host, wanted.inventory)
    here = stack(
        slice_of(city, slice_),
        host,
        "http",
        is_plain=True,
        sink=wanted.sink,
        hurry=wanted.hurry,
        exporters=tuple(name for name in EXPORTERS if name in wanted.installed),
    )
    here = replace(here, installed=installed_snmp_exporter())
    places = places_of(folder)
    write_slice(slice_, places.slice)
    files = monitor_files(here, wanted.language)
    write(files, places.config, lab_vault(folder.root, [file.text() for file in files if file.private]))
    (folder.monitor / "hosts").write_text("".join(_names(city, here.city)), encoding="utf-8")
    return here, stand_in


def places_of(folder: Folder) -> Places:
    home = folder.monitor
    return Places(home / "config", home / "slice", home / "data")


def _names(city: City, there: City) -> Iterator[str]:
    """As the city's name servers know them, for the addresses that the twin has: they may not be in it."""
    yield "127.0.0.1 localhost\n::1 localhost\n"
    known = {address for host in there.hosts.values() for address in host.addresses}
    known |= {intent.management for intent in there.intents.values()}
    records = next((host.records for host in city.hosts.values() if host.records), ())
    for record in records:
        yield from (f"{address} {record.name}\n" for address in record.addresses if address in known)
