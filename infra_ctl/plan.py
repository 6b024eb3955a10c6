"""Making a plan: read every device, let it judge its candidate, put the changes in order.

A device that runs what it was last seen to run as intended, and whose intended text is the same, is
unchanged and is asked nothing more. Any other judges the candidate itself.
"""

from __future__ import annotations

import secrets as randomness
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version

from infra_ctl.change import diff as diffs
from infra_ctl.change import normal
from infra_ctl.change.behind import behind
from infra_ctl.change.losses import cuts, losses
from infra_ctl.change.normal import Normal
from infra_ctl.change.plan import Plan, PlannedDevice, Status
from infra_ctl.change.reading import read
from infra_ctl.change.router import Router
from infra_ctl.change.soak import soak
from infra_ctl.change.unmanaged import foreign, keep
from infra_ctl.change.watched import watched
from infra_ctl.change.waves import order
from infra_ctl.change.wiring import ground
from infra_ctl.city import City
from infra_ctl.drivers.base import ConfigDriver, Pending
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.drivers.hosts import HostFleet
from infra_ctl.errors import (
    BusyError,
    DeviceError,
    RejectedError,
    SecretError,
    UnreachableError,
)
from infra_ctl.intent.model import DeviceIntent
from infra_ctl.journal.records import Synced
from infra_ctl.journal.store import Journal
from infra_ctl.masking import Masking
from infra_ctl.network import Network
from infra_ctl.render import day0, render


@dataclass(frozen=True, slots=True)
class Judged:
    """A device as planned, with its running configuration, secrets as they are, for those who apply now."""

    planned: PlannedDevice
    running: str = field(repr=False)
    synced: Synced | None
    """What to remember where the device runs what is intended."""
    unreachable: bool = False
    """Whether it failed because no session could be had."""
    form: Normal = field(default=(), repr=False)
    """The running configuration's normal form, masked, where it was made: it is made once."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with all that carrying it out needs."""

    city: City
    fleet: Fleet
    journal: Journal
    masking: Masking
    plan: Plan
    bases: Mapping[str, str] = field(repr=False)
    """The running configuration of each device to change, as this very process read it."""
    hosts: HostFleet | None = None
    """None where the context has no hosts."""


@dataclass(frozen=True, slots=True)
class Planner:
    """All that planning a city needs beside the hostnames."""

    city: City
    fleet: Fleet
    masking: Masking
    synced: Mapping[str, Synced]
    """What each device was last seen to run as intended."""
    there: Collection[str] | None = None
    """The devices that exist, None for all: a twin may be a slice of the city."""

    def judge(self, hostnames: Iterable[str], on_done: Callable[[str], None]) -> dict[str, Judged]:
        """Read and judge the devices; one that fails is planned as failed, with its cause."""
        return self.each(hostnames, self._judge, on_done)

    def each(
        self,
        hostnames: Iterable[str],
        judge: Callable[[str], Judged],
        on_done: Callable[[str], None],
    ) -> dict[str, Judged]:
        """Devices as `judge` plans them, and those that fail with their cause."""
        answers = self.fleet.each(hostnames, judge, on_done)
        return {
            hostname: self._failed(hostname, answer) if isinstance(answer, DeviceError) else answer
            for hostname, answer in sorted(answers.items())
        }

    def network(self, judged: Mapping[str, Judged]) -> Network:
        """All routers as they are, by those that were judged."""
        forms = {host: self._form(each) for host, each in judged.items() if each.running}
        return Network.of(self.city, self.synced, forms, self.there)

    def behind(self, judged: Mapping[str, Judged]) -> tuple[str, ...]:
        """Devices that one which is to change does not lead to yet."""
        unreachable = [host for host, each in judged.items() if each.unreachable]
        if not unreachable or not self.fleet.in_band:
            return ()
        changing = {
            host: read(self._form(each))
            for host, each in judged.items()
            if each.planned.status is Status.CHANGED
        }
        return behind(self.city.intents, unreachable, changing)

    def _form(self, judged: Judged) -> Normal:
        return judged.form or normal.parse(self.masking.mask(judged.running))

    def _failed(self, hostname: str, error: DeviceError) -> Judged:
        platform = self.city.intents[hostname].platform
        planned = PlannedDevice(
            hostname=hostname, platform=platform, status=Status.FAILED, cause=self.masking.mask(error.cause)
        )
        return Judged(planned, "", None, unreachable=isinstance(error, UnreachableError))

    def _judge(self, hostname: str) -> Judged:
        intent = self.city.intents[hostname]
        candidate = render(intent)
        intended = self.masking.digest(candidate)
        with self.fleet.open(hostname) as device:
            running = settled(hostname, device)
            form = normal.parse(self.masking.mask(running))
            base = normal.fingerprint(form)
            known = self.synced.get(hostname)
            if known is not None and (known.intended, known.running) == (intended, base):
                return Judged(_unchanged(intent, base), running, None, form=form)
            return replace(self._stage(device, intent, candidate, running), form=form)

    def _stage(self, device: ConfigDriver, intent: DeviceIntent, text: str, running: str) -> Judged:
        """The device's own verdict, with the lines that intent does not know kept in the candidate."""
        wanted = self.resolved(intent.hostname, text, running)
        unknown = self.foreign(intent.hostname, wanted, running)
        candidate = keep(text, unknown)
        planned = self.staged(device, intent, candidate, running).model_copy(
            update={"foreign": tuple(normal.path(pair) for pair in unknown)}
        )
        if planned.status is Status.CHANGED:
            return Judged(planned, running, None)
        return Judged(planned, running, in_sync(planned, self.masking.digest(text), planned.base, text))

    def staged(
        self, device: ConfigDriver, intent: DeviceIntent, candidate: str, running: str
    ) -> PlannedDevice:
        """What the device says of a candidate. Raises RejectedError."""
        base = self.masking.fingerprint(running)
        to_be = self.resolved(intent.hostname, candidate, running)
        verdict = self.masking.mask(device.stage(to_be))
        if not verdict:
            return _unchanged(intent, base)
        return PlannedDevice(
            hostname=intent.hostname,
            platform=intent.platform,
            status=Status.CHANGED,
            base=base,
            candidate=candidate,
            resolved=self.masking.digest(candidate),
            diff=verdict,
            soak=soak(*(normal.parse(self.masking.mask(each)) for each in (running, to_be))),
        )

    def resolved(self, hostname: str, candidate: str, running: str) -> str:
        """Raises RejectedError where a line that is kept has a secret that the device has no more."""
        try:
            return self.masking.resolve(candidate, running)
        except SecretError as exc:  # not of the vault: `digest` has asked that already
            raise RejectedError(hostname, f"a kept line's secret is not on the device: {exc}") from exc

    def foreign(self, hostname: str, wanted: str, running: str) -> normal.Normal:
        """Lines of `running` that intent does not know, and that stay.

        By normal forms, not by the verdict: that names a context that would go, and not what is in it.
        """
        intended = normal.parse(self.masking.mask(wanted))
        last = self.synced.get(hostname)
        deployed = normal.parse(last.text) if last else None
        claimed = [normal.at(line.line) for line in self.city.inventory.claimed if line.device == hostname]
        claimed += normal.parse(day0(self.city.intents[hostname]))  # ours too: it left the workshop with them
        changes = diffs.diff(normal.parse(self.masking.mask(running)), intended)
        return foreign(changes, intended, deployed, claimed)


def settled(hostname: str, device: ConfigDriver) -> str:
    """What a device runs, for good. Raises RejectedError, BusyError where nobody can plan on it."""
    seen = device.reading()
    _refuse_bytes(hostname, seen.running)
    _refuse_pending(hostname, seen.pending)
    return seen.running


def _refuse_bytes(hostname: str, running: str) -> None:
    """Plans, journals and screens speak UTF-8. Raises RejectedError for what somebody typed that does not."""
    for line in running.splitlines():
        if not line.isascii() and line != line.encode(errors="replace").decode():
            shown = line.strip().encode(errors="backslashreplace").decode()
            raise RejectedError(hostname, f"its configuration is not UTF-8: {shown}")


def _refuse_pending(hostname: str, pending: Pending | None) -> None:
    """What a device runs may be about to go. Raises BusyError."""
    if pending is not None:
        raise BusyError(
            hostname,
            f"commit {pending.token} is not confirmed: the device takes it back in {pending.seconds_left} s",
        )


def _unchanged(intent: DeviceIntent, base: str) -> PlannedDevice:
    return PlannedDevice(
        hostname=intent.hostname, platform=intent.platform, status=Status.UNCHANGED, base=base
    )


def in_sync(planned: PlannedDevice, intended: str, running: str, text: str) -> Synced:
    """What to remember of a device that runs `text`; it is staged again while it has lines beside those."""
    as_intended = not planned.foreign and not planned.kept
    return Synced(planned.hostname, intended, running if as_intended else "", text)


def assemble(
    planner: Planner, judged: Mapping[str, Judged], context: str, selector: str, kept: Sequence[str] = ()
) -> Plan:
    """The plan: waves over what changes, and what each wave's state is expected to lose.

    `kept` are the links that it leaves where they are for now.
    """
    intents = planner.city.intents
    changed = [host for host, each in judged.items() if each.planned.status is Status.CHANGED]
    waves = order(changed, ground(intents)).waves if changed else ()
    plan = Plan(
        id=randomness.token_hex(2),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        tool=version("infra-ctl"),
        context=context,
        selector=selector,
        inventory=planner.city.inventory.digest,
        devices=tuple(each.planned for each in judged.values()),
        waves=waves,
        cuts=((),) * len(waves),
        behind=planner.behind(judged),
        held=planner.city.held(judged),
        kept=tuple(kept),
    )
    return foretold(plan, planner.city.intents, planner.network(judged)) if plan.changed else plan


def to_be(plan: Plan) -> dict[str, Router]:
    """The routers that a plan changes, as they are after it."""
    return {device.hostname: read(normal.parse(device.candidate)) for device in plan.changed}


def foretold(plan: Plan, intents: Mapping[str, DeviceIntent], network: Network) -> Plan:
    """A plan with what its waves are expected to cost, and whom the controller loses its way to.

    Of a change that no neighbour and no path depends on, that is nothing.
    """
    after = to_be(plan)
    if all(router == network.routers[host] for host, router in after.items()):
        return plan
    present = [host for host in network.routers if host in intents]
    lost = losses(network.routers, after, network.wires, plan.device_waves)
    asked = zip(plan.device_waves, watched(intents, present, plan.device_waves), strict=True)
    devices = (
        device.model_copy(update={"may_lose": lost.get(device.hostname, ())}) for device in plan.devices
    )
    found = {
        "devices": tuple(devices),
        "cuts": cuts(network.routers, after, network.wires, asked),
        "breaks": network.lost(plan, after),
    }
    return plan.model_copy(update=found)
