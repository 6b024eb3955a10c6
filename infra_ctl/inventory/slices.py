"""A part of a city: a folder that says which, for who must not look for the rest, as in a twin of a slice.

Such a folder stands where a city's own could: every reader of it gets what that part has, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from infra_ctl.errors import InventoryError, Problem
from infra_ctl.inventory.devices import devices, port
from infra_ctl.inventory.models import Inventory, System

FILE = "slice.json"


@dataclass(frozen=True, slots=True)
class Slice:
    """What there is of the city in the folder `of`."""

    of: Path
    devices: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    """Routers whose host part is there too, and its SNMP agent with it."""
    stand_ins: tuple[str, ...] = ()
    """Those of the hosts that something stands in for: no system runs on them."""


_SLICE = TypeAdapter(Slice)


def read_slice(folder: Path) -> Slice | None:
    """None where the folder is that of a whole city. Raises InventoryError."""
    file = folder / FILE
    try:
        return _SLICE.validate_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError) as exc:
        raise InventoryError([Problem(str(file), 0, 0, "is not a slice that this version wrote")]) from exc


def write_slice(slice_: Slice, folder: Path) -> None:
    """In one move, so that a reader finds the old one or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f".{FILE}.new"
    new.write_bytes(_SLICE.dump_json(slice_, indent=1))
    new.replace(folder / FILE)


def sliced(inventory: Inventory, slice_: Slice) -> Inventory:
    """What of an inventory is in the slice: a circuit with both of its ends, a system where it still runs."""
    there = set(slice_.devices)
    sites = {each.site for each in devices(inventory) if each.hostname in there}
    hosts = {name: host for name, host in inventory.hosts.items() if name in slice_.hosts}
    return inventory.model_copy(
        update={
            "sites": {name: site for name, site in inventory.sites.items() if name in sites},
            "circuits": {
                name: circuit
                for name, circuit in inventory.circuits.items()
                if {port(circuit.a).hostname, port(circuit.z).hostname} <= there
            },
            "peers": {
                name: peer for name, peer in inventory.peers.items() if port(peer.device).hostname in there
            },
            "hosts": hosts,
            "rooms": {name: room for name, room in inventory.rooms.items() if name in slice_.rooms},
            "systems": _systems(inventory, hosts.keys() - set(slice_.stand_ins)),
        }
    )


def _systems(inventory: Inventory, hosts: set[str]) -> dict[str, System]:
    """Those that run on one of the hosts, behind a front that does so too."""
    found: dict[str, System] = {}
    for name, system in inventory.systems.items():
        doors = inventory.systems[system.front].runs_on if system.front else system.runs_on
        if hosts & set(doors) and hosts & set(system.runs_on):
            left = tuple(each for each in system.runs_on if each in hosts)
            found[name] = system.model_copy(update={"runs_on": left})
    return found
