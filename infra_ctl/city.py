"""The city as every command needs it: the inventory, its locked addresses, an intent a device and host."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from infra_ctl.errors import InventoryError, Problem, SelectorError, UnknownError
from infra_ctl.intent import (
    DeviceIntent,
    HostIntent,
    HostIntents,
    HostPart,
    HostParts,
    allocate,
    build,
    format_lock,
    missing,
    parse_lock,
    relocked,
    stale,
)
from infra_ctl.intent.lock import LOCK_FILE
from infra_ctl.intent.purposes import Key, Network
from infra_ctl.inventory import Inventory, devices, load
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.quoting import Quote
from infra_ctl.inventory.slices import Slice, read_slice, sliced

ALL = "all"
"""Where no host is the default, every one of them."""


@dataclass(frozen=True, slots=True)
class City:
    """An inventory that holds, with every device's intent by hostname, sorted."""

    inventory: Inventory
    intents: Mapping[str, DeviceIntent]
    prefixes: Mapping[Key, Network] = field(default_factory=dict)
    """What is allocated, aggregates too."""
    reserved: Mapping[Key, Network] = field(default_factory=dict)
    """What the lock still holds for objects that are gone."""
    hosts: Mapping[str, HostIntent] = field(default_factory=dict)
    """Every Linux host's intent by its id, sorted."""
    parts: Mapping[str, HostPart] = field(default_factory=dict)
    """Every router's host part by its name, `dc-core1/host`, sorted."""
    lock_lines: Mapping[Key, int] = field(default_factory=dict)
    """Where in the lock each prefix stands."""
    whole: City | None = field(default=None, repr=False, compare=False)
    """Of a slice, the city that it is of: what is written of an object is so wherever it is cut."""

    def intent(self, hostname: str) -> DeviceIntent:
        """Raises UnknownError with the nearest name where there is no such device."""
        if hostname in self.intents:
            return self.intents[hostname]
        raise UnknownError(f"there is no device '{hostname}'{did_you_mean(hostname, self.intents)}")

    def quote(self, key: Key) -> Quote:
        """The line of the lock that an allocated prefix stands on. Raises KeyError."""
        return Quote(LOCK_FILE, self.lock_lines[key], f"{','.join(key)},{self.prefixes[key]}")

    def select(self, text: str) -> tuple[str, ...]:
        """Hostnames of the devices that a selector means, sorted; all for an empty one.

        Raises SelectorError, also where it means none.
        """
        if not text.strip():
            return tuple(self.intents)
        from infra_ctl.inventory.selectors import select

        if found := sorted(device.hostname for device in select(text, self.inventory)):
            return tuple(found)
        hint = "" if "=" in text else did_you_mean(text, self.intents)
        raise SelectorError(1, f"'{text}' means no device{hint}")

    def host(self, name: str) -> HostIntent:
        """Raises UnknownError with the nearest name where there is no such host."""
        if name in self.hosts:
            return self.hosts[name]
        raise UnknownError(f"there is no host '{name}'{did_you_mean(name, self.hosts)}")

    def refuse_unknown(self, name: str) -> None:
        """Raises UnknownError where it is neither a device nor a host, nor the host part of a device."""
        device, _, part = name.partition("/")
        if device not in self.intents and (part or name not in self.hosts):
            known = did_you_mean(name, [*self.intents, *self.hosts])
            raise UnknownError(f"there is no device and no host '{name}'{known}")

    def nearer(self, name: str) -> tuple[str, ...]:
        """The routers that lead to a device, a host or the host part of a router, sorted."""
        if name in self.parts:
            return (self.parts[name].router,)
        if name in self.intents:
            return tuple(sorted({each.neighbour for each in self.intents[name].uplinks if each.neighbour}))
        site = self.host(name).site
        return tuple(part.router for part in self.parts.values() if part.zones and part.site == site)

    def select_hosts(self, text: str) -> tuple[str, ...]:
        """Ids of the hosts that a selector means, sorted; `all` means all. Raises as `select`."""
        if text.strip() in ("", ALL):
            return tuple(self.hosts)
        from infra_ctl.inventory.selectors import select_hosts

        if found := sorted(host.id for host in select_hosts(text, self.inventory)):
            return tuple(found)
        hint = "" if "=" in text else did_you_mean(text, self.inventory.hosts)
        raise SelectorError(1, f"'{text}' means no host{hint}")

    def held(self, names: Iterable[str]) -> tuple[str, ...]:
        """What holds these devices and hosts, themselves or their sites, in words."""
        named = set(names)
        named |= {each.site for name, each in self.intents.items() if name in named}
        named |= {each.site for name, each in self.inventory.hosts.items() if name in named}
        return tuple(hold.in_words for hold in self.inventory.holds if hold.object in named)

    def choose(self, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Devices and hosts that one selector means, sorted. Raises SelectorError where it means none."""
        if not text.strip():
            return tuple(self.intents), tuple(self.hosts)
        from infra_ctl.inventory.selectors import choose

        devices, hosts = (tuple(sorted(names)) for names in choose(text, self.inventory))
        if devices or hosts:
            return devices, hosts
        hint = "" if "=" in text else did_you_mean(text, [*self.intents, *self.hosts])
        raise SelectorError(1, f"'{text}' means no device and no host{hint}")


def load_city(folder: Path) -> City:
    """The city in a folder, or the slice of one.

    Raises InventoryError with every problem of the inventory, then of the lock.
    """
    slice_ = read_slice(folder)
    return _load(folder) if slice_ is None else slice_of(_load(slice_.of), slice_)


def slice_of(city: City, slice_: Slice) -> City:
    """A city with nothing but what is in the slice; everything in it is as it was."""
    return replace(
        city,
        inventory=sliced(city.inventory, slice_),
        intents={name: each for name, each in city.intents.items() if name in slice_.devices},
        hosts={name: city.hosts[name] for name in city.hosts if name in slice_.hosts},
        parts={name: part for name, part in city.parts.items() if part.router in slice_.parts},
        whole=city,
    )


def _load(folder: Path) -> City:
    inventory = load(folder)
    locked = _read_lock(folder)
    allocations = allocate(inventory, locked, folder)
    if unlocked := missing(allocations, locked):
        first = " ".join(unlocked[0])
        more = f" and {len(unlocked) - 1} more" if len(unlocked) > 1 else ""
        message = f"no prefix is locked for {first}{more}: infra-ctl ip lock"
        raise InventoryError([Problem(str(folder / LOCK_FILE), 0, 0, message)])
    reserved = {key: locked[key] for key in stale(allocations, locked)}
    hosts = HostIntents(inventory, allocations)
    intents = build(inventory, allocations)
    parts = HostParts(inventory, allocations, intents)
    # A lock has a prefix on every line below its header.
    lines = {key: number for number, key in enumerate(locked, 2)}
    return City(inventory, intents, allocations.prefixes, reserved, hosts, parts, lines)


def relock(
    folder: Path,
    *,
    free: bool,
    guard: Callable[[Collection[str], Mapping[Key, Network]], None] = lambda _hostnames, _freed: None,
) -> tuple[dict[Key, Network], dict[Key, Network]]:
    """Bring the lock up to the inventory; with `free`, release what belongs to objects that are gone.

    `guard` is asked before anything is written, with the devices that there are and what is to be released;
    it raises where that is too early. Returns what was added and what was freed. Raises InventoryError.
    """
    inventory = load(folder)
    locked = _read_lock(folder)
    allocations = allocate(inventory, locked, folder)
    added = {key: allocations.prefixes[key] for key in missing(allocations, locked)}
    freed = {key: locked[key] for key in stale(allocations, locked)} if free else {}
    guard([device.hostname for device in devices(inventory)], freed)
    wanted = {key: network for key, network in relocked(allocations, locked).items() if key not in freed}
    if wanted != locked:
        new = folder / f".{LOCK_FILE}.new"
        new.write_text(format_lock(wanted), encoding="utf-8")
        new.replace(folder / LOCK_FILE)
    return added, freed


def _read_lock(folder: Path) -> dict[Key, Network]:
    path = folder / LOCK_FILE
    try:
        return parse_lock(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as exc:
        raise InventoryError([Problem(str(path), 0, 0, f"cannot be read: {exc}")]) from exc
