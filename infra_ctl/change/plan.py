"""A plan: what would change on which device, in which order. Saved as JSON, and what is saved is what runs.

It holds no secret: candidates carry `vault:` references, diffs are masked.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from infra_ctl.change.operations import Operation, Predicted
from infra_ctl.errors import InfraCtlError, UnusableError


class Status(StrEnum):
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    """Could not be read or refused the candidate: see its cause."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedDevice(_Frozen):
    """One device in a plan."""

    hostname: str
    platform: str
    status: Status
    cause: str = ""
    base: str = ""
    """Fingerprint of the running configuration that the plan rests on."""
    candidate: str = ""
    """The whole configuration to be, with `vault:` references; empty unless changed."""
    resolved: str = ""
    """Keyed hash of the candidate with its secrets, so that a secret changed since is noticed."""
    diff: str = ""
    """The device's own verdict, masked: lines that start with `+`, `-` or a blank."""
    foreign: tuple[str, ...] = ()
    """Lines on the device that intent does not know: kept, and to be claimed or declared unmanaged."""
    may_lose: tuple[str, ...] = ()
    """Neighbours that the state after its wave has no more, in words: their loss is no failure."""
    kept: tuple[str, ...] = ()
    """Lines of a link that stays until its successor is confirmed; the next run removes them."""
    soak: int = 0
    """Seconds for which its neighbours are watched: what it breaks shows only when it is missed."""

    @property
    def name(self) -> str:
        return self.hostname


class PlannedHost(_Frozen):
    """One Linux host, or the host part of a router (`dc-core1/host`), in a plan."""

    name: str
    status: Status
    cause: str = ""
    base: str = ""
    """Keyed hash of what the host's own facts say would be done, and of the files that it would be done to: a
    host that changed since has another."""
    operations: tuple[Operation, ...] = ()
    """All that is to be on it, with `vault:` references; empty unless changed."""
    resolved: str = ""
    """Keyed hash of the operations with their secrets, so that a secret changed since is noticed."""
    changes: tuple[Predicted, ...] = ()
    """What would be done, in order, masked."""
    kept: tuple[str, ...] = ()
    """Openings, in words, that stay until what takes their place works; the next run closes them."""

    @property
    def diff(self) -> str:
        """What would be done, as it is shown: what each operation says, then its lines."""
        return "\n".join(f"{each.says}\n{each.diff}".rstrip() for each in self.changes)


class After(_Frozen):
    """A host, or the host part of a router, that comes after something else in a plan, and why."""

    name: str
    first: str
    """What comes before it."""
    reason: str
    """In words, of `first`: `lets 10.0.0.0/8 in to one-stop`."""


class Break(_Frozen):
    """A device that the controller loses its way to while a plan is carried out, and what breaks it."""

    device: str
    wave: int
    """From 1."""
    change: tuple[str, ...]
    """Of that wave, the devices whose change breaks it."""
    path: str
    """Which way, and what is in it: `no way from dc-core1: nk-pop1/eth3 is passive`."""

    def __str__(self) -> str:
        who = f" ({self.change[0]})" if len(self.change) == 1 else ""
        return f"{self.device}: after wave {self.wave}{who} {self.path}"


class Breach(_Frozen):
    """What the law asks of a device, host or site, and would no longer be so once a plan is carried out."""

    object: str
    law: str
    control: str
    title: str
    clause: str
    reason: str
    lines: tuple[str, ...]
    """What proves it: lines that come, or those that go, which say so."""
    waiver: str = ""
    """Why it need not be so, who answers for that, and from when to when; empty where nobody does."""
    until: date | None = None
    """The last day of the waiver."""

    def is_waived(self, day: date) -> bool:
        return self.until is not None and day <= self.until

    def __str__(self) -> str:
        return f"{self.object}: {self.control} {self.title} ({self.clause}): {self.reason}"


class Mended(_Frozen):
    """What the law asks and is not so, and would be: no longer fails by what a plan changes."""

    object: str
    law: str
    control: str
    title: str


class Plan(_Frozen):
    """A whole plan; `inventory` is the inventory's digest, `created` in UTC, ISO 8601."""

    format: Literal[4] = 4
    id: str
    created: str
    tool: str
    context: str
    selector: str
    inventory: str
    devices: tuple[PlannedDevice, ...]
    waves: tuple[tuple[str, ...], ...]
    """Names of what changes; each wave is of devices, or of hosts and host parts."""
    cuts: tuple[tuple[str, ...], ...]
    """For each wave the paths that the state after it has no more, in words: their loss is no failure."""
    hosts: tuple[PlannedHost, ...] = ()
    after: tuple[After, ...] = ()
    """Why hosts stand where they stand in the waves."""
    behind: tuple[str, ...] = ()
    """Devices and hosts out of reach that may not be once this plan is carried out: they are no failures."""
    held: tuple[str, ...] = ()
    """What its devices are held from, in words."""
    breaks: tuple[Break, ...] = ()
    """Devices that the controller loses its way to: refused, unless that was asked for."""
    kept: tuple[str, ...] = ()
    """Links that this plan leaves where they are, so that their successors are made before they are broken:
    `nk-pop1/eth10 to nk-cai-khe-ce1/eth0`. What is left to do is another plan."""
    unmade: str = ""
    """Why the successors of links that go cannot be made first, where that would have spared a break."""
    breaches: tuple[Breach, ...] = ()
    """What the law asks and passes now, and would fail: refused, unless it is waived."""
    mended: tuple[Mended, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        changing = sorted(each.name for each in self.parts if each.status is Status.CHANGED)
        if sorted(self.steps) != changing:
            raise ValueError("the waves are not of the devices and hosts that change")
        hosts = {host.name for host in self.hosts}
        if any(0 < len(hosts.intersection(wave)) < len(wave) for wave in self.waves):
            raise ValueError("a wave is of devices and hosts")
        if len(self.cuts) != len(self.waves):
            raise ValueError("there is not one entry of cuts for each wave")
        return self

    @property
    def parts(self) -> tuple[PlannedDevice | PlannedHost, ...]:
        """All that it is about."""
        return (*self.devices, *self.hosts)

    @property
    def changed(self) -> tuple[PlannedDevice, ...]:
        return tuple(device for device in self.devices if device.status is Status.CHANGED)

    @property
    def changed_hosts(self) -> tuple[PlannedHost, ...]:
        return tuple(host for host in self.hosts if host.status is Status.CHANGED)

    @property
    def changing(self) -> tuple[PlannedDevice | PlannedHost, ...]:
        """Devices and hosts that it changes."""
        return (*self.changed, *self.changed_hosts)

    @property
    def stays(self) -> tuple[str, ...]:
        """What it leaves for now, for its successor to be made first: links, and openings of hosts."""
        openings = (f"{opening} on {host.name}" for host in self.hosts for opening in host.kept)
        return (*self.kept, *openings)

    @property
    def steps(self) -> tuple[str, ...]:
        """All that it changes, in order."""
        return tuple(name for wave in self.waves for name in wave)

    @property
    def device_waves(self) -> tuple[tuple[str, ...], ...]:
        """Its waves of devices alone: those of hosts are empty, so that the others keep their numbers."""
        hosts = {host.name for host in self.hosts}
        return tuple(() if hosts.issuperset(wave) else wave for wave in self.waves)

    @property
    def failed(self) -> tuple[PlannedDevice | PlannedHost, ...]:
        failed = (each for each in self.parts if each.status is Status.FAILED)
        return tuple(each for each in failed if each.name not in self.behind)

    def unlawful(self, day: date) -> tuple[Breach, ...]:
        """Its breaches that nobody answers for on a day."""
        return tuple(each for each in self.breaches if not each.is_waived(day))

    @property
    def foreign(self) -> tuple[PlannedDevice, ...]:
        return tuple(device for device in self.devices if device.foreign)


def save(plan: Plan, path: Path) -> None:
    """Write it in one move. Raises InfraCtlError."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as exc:
        raise InfraCtlError(f"{path}: {exc.strerror}") from exc


def read(path: Path) -> Plan:
    """A saved plan. Raises UnusableError for a file that is damaged or is none of ours."""
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise UnusableError(f"{path}: {exc.strerror}") from exc
    return parse(content, str(path))


def parse(content: str | bytes, name: str) -> Plan:
    """A plan as it was saved; `name` says what it was read from. Raises UnusableError."""
    try:
        return Plan.model_validate_json(content)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UnusableError(
            f"{name} is not a plan that this version can carry out: {where}: {first['msg']}"
        ) from exc
