"""The controller's exporter: what its journal adds up to, how old backups are, and the inventory's facts."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING

import click

from exporters.catalogue import CONTROLLER, METRICS
from exporters.serving import Block, Series, one, serve
from infra_ctl.context.options import ContextOption
from infra_ctl.errors import BackupError, InfraCtlError, UnknownError, UnusableError

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.context import Context
    from infra_ctl.inventory.models import Circuit, Site
    from infra_ctl.journal.counting import Totals, Waves
    from infra_ctl.journal.records import Looked

EFFECTS = ("drain", "isolate")
PATIENCE = 5
"""Seconds for a PostgreSQL that does not answer: a scrape is waiting."""
DAY = 86400
"""The last day of a hold is one of it; there may be no date of the day after."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a scrape needs of one inventory."""

    context: Context
    facts: tuple[Block, ...]
    """They change with the inventory only."""
    there: Mapping[str, tuple[str, ...]]
    """What is to be in the backup and looked at for drift, by kind."""
    repository: Path
    scheduled: Mapping[str, str]
    """Audits that run by themselves: name and calendar."""
    since: datetime
    """When it was read, UTC without a zone."""


class Reader:
    """Reads in a thread of its own, one reading at a time: where a name is not resolved, nothing but that
    ends the wait of a database's library, which takes half a minute and has no option."""

    def __init__(self, patience: float = PATIENCE + 1.0) -> None:
        self._patience = patience
        self._under_way: Future[Totals] | None = None
        self._asked: SimpleQueue[tuple[Future[Totals], Callable[[], Totals]]] = SimpleQueue()
        self._thread: Thread | None = None
        self._lock = Lock()

    def read(self, read: Callable[[], Totals]) -> Totals:
        """What is read, or what a reading gives that is still under way. Raises UnusableError at no end."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._work, daemon=True)
                self._thread.start()
            if self._under_way is None or self._under_way.done():
                self._under_way = Future()
                self._asked.put((self._under_way, read))
            reading = self._under_way
        try:
            return reading.result(self._patience)
        except TimeoutError:
            raise UnusableError(f"journal does not answer within {self._patience:g} s") from None

    def _work(self) -> None:
        """For ever: one thread for all readings, or each would leave its own memory behind."""
        while True:
            promised, read = self._asked.get()
            try:
                promised.set_result(read())
            except Exception as error:  # noqa: BLE001 - whoever waits for it is told
                promised.set_exception(error)


class Controller:
    """Reads the journal and the backup's marks at every scrape, and the inventory when it is told to."""

    def __init__(self, *, context_name: str, repository: Path | None = None) -> None:
        self._context_name, self._repository = context_name, repository
        self._watched: Watched | None = None
        self._waves: Waves = {}
        self._reader = Reader()
        self._complaints = {"journal": "", "backup": ""}
        self._lock = Lock()

    def configure(self, inventory: Path) -> None:
        from infra_ctl.city import load_city
        from infra_ctl.context import context

        where = context(self._context_name, inventory)
        city = load_city(inventory)
        place = self._repository or where.backup
        scheduled = {name: each.calendar for name, each in city.inventory.schedule.audits.items()}
        since = datetime.now(UTC).replace(tzinfo=None)
        self._watched = Watched(where, tuple(facts(city)), _there(where, city), place, scheduled, since)

    def collect(self) -> Iterator[Block]:
        if (watched := self._watched) is None:
            return
        yield from self._of_journal(watched)
        yield from self._of_backups(watched)
        yield from watched.facts

    def close(self) -> None:
        """Its reader ends with the process."""

    def _of_journal(self, watched: Watched) -> Iterator[Block]:
        """Without a journal no counter is 0: it is not there."""
        from infra_ctl.journal.counting import totals

        where = watched.context
        try:
            found = self._reader.read(lambda: totals(where.journal_url, where.name, self._waves))
        except InfraCtlError as error:
            self._complain("journal", str(error))
            yield one(METRICS["infra_journal_up"], 0)
            return
        self._complain("journal", "")
        yield one(METRICS["infra_journal_up"], 1)
        yield from _of_totals(found)
        yield from _of_audits(found, watched)
        yield from _of_looks(found.looks, [name for names in watched.there.values() for name in names])

    def _of_backups(self, watched: Watched) -> Iterator[Block]:
        """The oldest of each kind: what is left out is what matters. 0 where one was never read.

        Nothing where there is no repository: it may be on another machine, and 0 would be a lie.
        """
        from infra_ctl.backup.repository import last_read

        try:
            read, complaint = last_read(watched.repository), ""
        except UnknownError as error:
            self._complain("backup", str(error))
            return
        except BackupError as error:
            read, complaint = {}, str(error)
        self._complain("backup", complaint)
        oldest = {
            kind: min(_epoch(read[name]) if name in read else 0.0 for name in names)
            for kind, names in watched.there.items()
            if names
        }
        yield _by("infra_backup_last_timestamp_seconds", oldest)

    def _complain(self, of: str, line: str) -> None:
        """Once, and not at every scrape."""
        with self._lock:
            is_news, self._complaints[of] = line != self._complaints[of], line
        if is_news and line:
            click.echo(line, err=True)


def main(argv: Sequence[str]) -> None:
    os.environ.setdefault("PGCONNECT_TIMEOUT", str(PATIENCE))
    serve(CONTROLLER, Controller, argv, *_OPTIONS)


_OPTIONS = (
    ContextOption(help="Whose runs are counted: live, lab, lab:NAME or embedded."),
    click.Option(
        ["--backup", "repository"],
        type=click.Path(path_type=Path, file_okay=False),
        envvar="INFRA_CTL_BACKUP",
        show_envvar=True,
        metavar="DIR",
        help="The git repository of backups; var/backup/CONTEXT without.",
    ),
)


def _of_totals(found: Totals) -> Iterator[Block]:
    kinds = sorted({*_kinds(), *found.begun})
    yield _by("infra_runs_total", {kind: found.begun.get(kind, 0) for kind in kinds})
    yield _by("infra_runs_failed_total", {kind: found.failed.get(kind, 0) for kind in kinds})
    yield _by("infra_run_last_end_timestamp_seconds", {k: _epoch(at) for k, at in found.ended.items()})
    yield one(METRICS["infra_runs_active"], found.active)
    yield _by("infra_run_steps", {_word(state): count for state, count in found.newest.items()})
    yield one(METRICS["infra_waves_total"], found.waves)
    yield one(METRICS["infra_leases_held"], found.busy)


def _of_audits(found: Totals, watched: Watched) -> Iterator[Block]:
    """What is in audits.yaml no more is nobody's news, and what never ran is due once its time has come."""
    from infra_ctl.audit.due import coming

    counts = {
        (law, verdict): number for law, each in found.findings.items() for verdict, number in each.items()
    }
    yield Series(METRICS["infra_audit_findings"], counts).block(counts.values())
    done = {name: found.audited[name] for name in watched.scheduled if name in found.audited}
    yield _by("infra_audit_timestamp_seconds", {name: _epoch(each.ended) for name, each in done.items()})
    after = {name: done[name].due if name in done else watched.since for name in watched.scheduled}
    coming_next = {name: _epoch(coming(watched.scheduled[name], at)) for name, at in after.items()}
    yield _by("infra_audit_next_timestamp_seconds", coming_next)


def _of_looks(looks: Mapping[str, Looked], there: Collection[str]) -> Iterator[Block]:
    """Of what there is, as old as the oldest look at any of it. Where nobody has looked, 0 would be a lie."""
    found = [looks[name] for name in there if name in looks]
    if found:
        yield one(METRICS["infra_drift_objects"], sum(look.drifted for look in found))
    oldest = min((_epoch(look.at) for look in found), default=0.0) if len(found) == len(there) else 0.0
    yield one(METRICS["infra_drift_read_timestamp_seconds"], oldest)


def _kinds() -> tuple[str, ...]:
    """Of runs: a kind that has not been yet has a 0."""
    from infra_ctl.deploy.run import DEPLOY, DRAIN, REPLACE, RESTORE
    from infra_ctl.journal.records import PROCEDURE

    return DEPLOY, DRAIN, REPLACE, RESTORE, PROCEDURE, "rollback"


def _word(state: str) -> str:
    return state.lower().replace(" ", "_")


def _there(where: Context, city: City) -> Mapping[str, tuple[str, ...]]:
    """Raises InfraCtlError where a twin is not there."""
    from infra_ctl.context.devices import present
    from infra_ctl.context.hosts import present_hosts, present_parts

    hosts = present_hosts(where, city)
    parts = tuple(present_parts(where, city)) if hosts else ()
    return {"device": tuple(present(where, city)), "host": (*hosts, *parts)}


def facts(city: City) -> Iterator[Block]:
    """What the inventory says, for others to be joined with."""
    inventory = city.inventory
    sites, circuits = tuple(inventory.sites.values()), tuple(inventory.circuits.values())
    yield _info("infra_site_info", (_site(site) for site in sites))
    yield _info("infra_circuit_info", (_circuit(city, circuit) for circuit in circuits))
    yield _info("infra_room_info", _rooms(city))
    yield _info("infra_device_info", ((i.hostname, i.site, i.role) for i in city.intents.values()))
    yield _info("infra_system_info", ((s.id, s.owner, str(s.level)) for s in inventory.systems.values()))
    yield _by("infra_ipv6_stage", {site.id: site.ipv6.rank for site in sites})
    yield _by("infra_circuit_loss_limit_ratio", {each.id: each.loss for each in circuits})
    yield _by("infra_circuit_rtt_limit_seconds", {each.id: each.rtt_ms / 1000 for each in circuits})
    yield _by("infra_circuit_jitter_limit_seconds", {each.id: each.jitter_ms / 1000 for each in circuits})
    yield _by("infra_circuit_capacity_bytes_per_second", {each.id: each.mbps * 125_000 for each in circuits})
    yield _by("infra_holds", {effect: sum(h.effect == effect for h in inventory.holds) for effect in EFFECTS})
    held = {(hold.object, hold.effect): hold.until for hold in inventory.holds}
    yield Series(METRICS["infra_hold_until_timestamp_seconds"], held).block(
        _epoch(datetime.combine(until, datetime.min.time())) + DAY for until in held.values()
    )


def _site(site: Site) -> tuple[str, ...]:
    where = ("" if degrees is None else str(degrees) for degrees in (site.lat, site.lon))
    return (site.id, site.pop, site.kind, site.unit, site.name, *where)


def _circuit(city: City, circuit: Circuit) -> tuple[str, ...]:
    """Its site is that of the end farther from the data centre, whom it serves."""
    from infra_ctl.inventory import port

    site = port(circuit.z).site
    pop = city.inventory.sites[site].pop
    told = (circuit.provider, circuit.circuit_class, circuit.direction)
    return (circuit.id, port(circuit.a).site, site, pop, *told)


def _rooms(city: City) -> Iterator[tuple[str, ...]]:
    for room in city.inventory.rooms.values():
        yield room.id, room.site, room.mcu, room.protocol, room.video_class


def _info(name: str, labels: Iterable[Sequence[str]]) -> Block:
    series = Series(METRICS[name], labels)
    return series.block([1] * len(series))


def _by(name: str, values: Mapping[str, float]) -> Block:
    """A metric with one label, the key."""
    return Series(METRICS[name], [(key,) for key in values]).block(values.values())


def _epoch(at: datetime) -> float:
    """Of a time in UTC without a zone."""
    return at.replace(tzinfo=UTC).timestamp()
