"""Making or reading a plan for a command, and printing it."""

from __future__ import annotations

import os
import secrets as randomness
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from infra_ctl.change import plan as plans
from infra_ctl.change.plan import Plan, Status
from infra_ctl.cli.progress import counting
from infra_ctl.cli.session import Session, console
from infra_ctl.journal.records import Step, StepState, Synced
from infra_ctl.plan import Judged, Masking, Planner, assemble, in_sync, refuse_stale, reread
from infra_ctl.render import render
from infra_ctl.secrets import open_vault

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.deploy.rollout import Result
    from infra_ctl.drivers.fleet import Fleet
    from infra_ctl.intent.expectations import Reachable
    from infra_ctl.journal.store import Journal
    from infra_ctl.outcome import Outcome


END_STATE_SECONDS = 120.0
"""For the last adjacencies of a run to come up: OSPF's dead interval twice, and BGP's retries."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with all that carrying it out needs."""

    city: City
    fleet: Fleet
    journal: Journal
    masking: Masking
    plan: Plan
    bases: Mapping[str, str]
    """Running configurations as this very process read them."""

    def steps(self, run: str) -> Iterator[Step]:
        """The journal's first lines of a run; what could not be planned has failed before it begins."""
        for failed in self.plan.failed:
            yield Step(run, failed.hostname, 0, StepState.FAILED, failed.cause, "", failed.base, "")
        devices = {device.hostname: device for device in self.plan.devices}
        for number, wave in enumerate(self.plan.waves, start=1):
            for hostname in wave:
                planned = devices[hostname]
                yield Step(run, hostname, number, StepState.WAITING, "", planned.diff, planned.base, "")

    def remember(self, result: Result) -> None:
        """What is confirmed is in sync from now on, where it reads as it was meant."""
        self.journal.remember_synced(self.plan.context, self._in_sync(result))

    def _in_sync(self, result: Result) -> Iterator[Synced]:
        for device in self.plan.changed:
            ended = result.ends.get(device.hostname)
            if ended is None or ended.state is not StepState.CONFIRMED:
                continue
            running = self.masking.fingerprint(ended.running)
            if running == self.masking.fingerprint(self.masking.resolve(device.candidate, ended.running)):
                text = render(self.city.intents[device.hostname])
                yield in_sync(device, self.masking.digest(text), running, text)

    def answering(self, there: Collection[str]) -> frozenset[Reachable]:
        """Which addresses of the devices to change answer the data centre before anything is done."""
        from infra_ctl.verify import answering

        return answering(self.city, self.fleet, self.plan, there)

    def end_state(
        self, result: Result, there: Collection[str], answered: Collection[Reachable]
    ) -> list[Outcome]:
        """What the changed devices should be by now and are not; it gets time to come up."""
        from infra_ctl.verify import unmet

        seen = {host: ended.seen for host, ended in result.ends.items() if ended.seen is not None}
        return unmet(self.city, self.fleet, self.plan, there, seen, answered, END_STATE_SECONDS)


def masking(session: Session, city: City) -> Masking:
    """The context's secrets, and our own key for those that nobody knows, made once."""
    where = session.context
    if where.kind == "embedded":
        from infra_ctl.lab.city import lab_vault

        lab_vault(where.vault.parent, map(render, city.intents.values()))
    vault = open_vault(where.vault, where.vault_password) if where.vault.exists() else {}
    file = where.var / "hash.key"
    if not file.exists():
        where.var.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}")
        new.touch(mode=0o600)
        new.write_bytes(randomness.token_bytes(32))
        new.replace(file)
    return Masking(vault, file.read_bytes())


def prepare(session: Session, selector: str, plan_file: Path | None = None) -> Prepared:
    """The plan for `selector`, made now, or the one in `plan_file`, checked against what there is now."""
    city = session.city()
    hidden = masking(session, city)
    fleet = session.fleet(city)
    journal = session.journal()
    if plan_file is not None:
        saved = plans.read(plan_file)
        refuse_stale(saved, city, hidden, session.context.name)
        saved, bases = reread(saved, fleet, hidden)
        return Prepared(city, fleet, journal, hidden, saved, bases)
    hostnames = session.select(city, selector)
    planner = Planner(city, fleet, hidden, journal.synced(session.context.name))
    with counting("reading", len(hostnames)) as on_done:
        judged = planner.judge(hostnames, on_done)
    _remember(journal, session.context.name, judged.values())
    plan = assemble(planner, judged, session.context.name, selector)
    bases = {host: each.running for host, each in judged.items() if each.running}
    return Prepared(city, fleet, journal, hidden, plan, bases)


def _remember(journal: Journal, context: str, judged: Iterable[Judged]) -> None:
    journal.remember_synced(context, [each.synced for each in judged if each.synced is not None])


def print_plan(session: Session, plan: Plan) -> None:
    """The plan as an engineer reads it, or as JSON."""
    if session.is_json:
        session.emit(plan.model_dump(mode="json"))
        return
    screen = console()
    changes = _alike((device.hostname, device.diff) for device in plan.changed)
    brief = not session.verbose and sum(diff.count("\n") for _, diff in changes) > MOST_LINES
    for hosts, diff in changes:
        if brief:
            screen.print(f"~ {_names(hosts, 6)}   {_size(diff)}", markup=False)
            continue
        screen.print(f"\n[bold]~ {_names(hosts, 6)}[/bold]")
        for line in diff.splitlines():
            screen.print(f"  {line}", style=_STYLES.get(line[:1]), markup=False)
    if brief:
        screen.print(f"\nlines   -v shows all; one device's: {session.command('plan DEVICE')}")
    for hosts, cause in _alike((device.hostname, device.cause) for device in plan.failed):
        screen.print(f"\n! {_names(hosts, 6)}   {cause}", style="red", markup=False)
    for hosts, lines in _alike((device.hostname, device.foreign) for device in plan.foreign):
        kept = "1 line that intent does not know stays"
        if len(lines) > 1:
            kept = f"{len(lines)} lines that intent does not know stay"
        advice = session.command(f"adopt {hosts[0]}")
        screen.print(f"\n? {_names(hosts, 3)}   {kept}: {advice}", style="yellow", markup=False)
    screen.print(f"\n{summary(plan)}")
    for number, wave in enumerate(plan.waves, start=1):
        screen.print(f"{'waves' if number == 1 else '     '}  {number:>2}  {_names(wave, 6)}", markup=False)


Same = TypeVar("Same")


def _alike(each: Iterable[tuple[str, Same]]) -> list[tuple[list[str], Same]]:
    """Hostnames that have the same to show, so that it is shown once."""
    groups: dict[Same, list[str]] = {}
    for hostname, shown in each:
        groups.setdefault(shown, []).append(hostname)
    return [(hosts, shown) for shown, hosts in groups.items()]


def _size(diff: str) -> str:
    """`+72 -3`."""
    signs = Counter(line[:1] for line in diff.splitlines())
    return " ".join(f"{sign}{signs[sign]}" for sign in "+-" if signs[sign])


def _names(hosts: Sequence[str], most: int) -> str:
    """`a b c … and 45 more`."""
    more = f" … and {len(hosts) - most} more" if len(hosts) > most else ""
    return " ".join(hosts[:most]) + more


MOST_LINES = 500
"""Of a diff that is shown without -v: nobody reads a whole city's first deployment line by line."""

_STYLES = {"+": "green", "-": "red"}


def summary(plan: Plan) -> str:
    """`13 unchanged · 1 to change · 0 unreachable`."""
    unchanged = sum(1 for device in plan.devices if device.status is Status.UNCHANGED)
    return f"{unchanged} unchanged · {len(plan.changed)} to change · {len(plan.failed)} failed"
