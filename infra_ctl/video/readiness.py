"""The test before a meeting: all its rooms at once, and a closer look where something is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra_ctl.city import City
from infra_ctl.errors import UnusableError
from infra_ctl.inventory.video import Meeting
from infra_ctl.monitor.targets import DscpClass, RegistrarTarget, RoomTarget, registrar_targets
from infra_ctl.probe.counters import Reading
from infra_ctl.probe.prober import Prober
from infra_ctl.probe.targets import EchoTarget, Pace
from infra_ctl.video.finding import Finding
from infra_ctl.video.judging import Found, Judge
from infra_ctl.video.path import Path
from infra_ctl.video.sight import Looking, Sight, most_silent, open_many_files
from infra_ctl.video.ways import Ways, room_echo

PACE = Pace(interval=0.02, timeout=1.0)
ECHOES = 200
"""To each site, in four seconds: of a path that loses 3 % each way, that all but two come back is one chance
in some thousands."""
PATIENCE = 30.0
"""Seconds that they may take longer, on a machine that is busy."""
SIP_TIMEOUT = 4.0
Step = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Room:
    """One room, judged."""

    target: RoomTarget
    sight: Sight
    path: Path | None
    """To its site, in the class of video; None where nothing could be sent."""
    causes: tuple[Finding, ...]
    """Why it is not ready, THE cause first."""
    notes: tuple[Finding, ...] = ()

    @property
    def is_ready(self) -> bool:
        return not self.causes


@dataclass(frozen=True, slots=True)
class Readiness:
    """All rooms, those that are not ready first, and what is wrong with the registrars themselves."""

    at: datetime
    rooms: tuple[Room, ...]
    registrars: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    meeting: Meeting | None = None
    sights: Mapping[str, Sight] = field(default_factory=dict)
    """Of the registrars."""
    paths: Mapping[str, Path] = field(default_factory=dict)
    """All that was sent echoes: `site nk-cai-khe ipv4 video`, `room nk-cai-khe-room`."""

    @property
    def is_ready(self) -> bool:
        return not self.registrars and all(room.is_ready for room in self.rooms)


def examine(city: City, rooms: Sequence[RoomTarget], meeting: Meeting | None, on_step: Step) -> Readiness:
    """Look at rooms and all that leads to them. Raises UnusableError where echoes cannot be sent."""
    registrars, ways, now = registrar_targets(city), Ways(city), datetime.now(UTC)
    monitoring = city.inventory.monitoring
    judge = Judge(now, monitoring.media, meeting.time if meeting else None, monitoring.thresholds.certificate)
    with Prober() as prober:
        echoes = Echoes(prober)
        echoes.begin(filter(None, (ways.to_site(room, "video") for room in rooms)))
        sights, seen = asyncio.run(_look(rooms, registrars, lambda n: on_step("rooms", n, len(rooms))))
        echoes.end()
        found = _found(sights, seen, ways, echoes)
        echoes.begin(_closer(rooms, found, judge, ways))
        if echoes.is_under_way:
            on_step("ways", 0, 1)
            echoes.end()
    judged = [_judged(room, found, judge) for room in rooms]
    return Readiness(
        now,
        tuple(sorted(judged, key=lambda room: (room.is_ready, room.target.room))),
        tuple(cause for name, sight in seen.items() for cause in judge.of_certificate(name, sight)),
        tuple(note for name, sight in seen.items() for note in judge.certificate_notes(name, sight)),
        meeting,
        seen,
        {_end(name): path for name, path in echoes.paths.items()},
    )


class Echoes:
    """Bursts of echoes, one after the other; what each target answered stays known."""

    def __init__(self, prober: Prober) -> None:
        self._prober = prober
        self.paths: dict[str, Path] = {}
        self._names: list[str] = []
        self._began = 0.0

    @property
    def is_under_way(self) -> bool:
        return bool(self._names)

    def begin(self, targets: Iterable[EchoTarget]) -> None:
        """Send to these. Raises UnusableError."""
        fresh = {each.name: each for each in targets if each.name not in self.paths}
        if fresh:
            self._prober.configure(list(fresh.values()), PACE)
        self._names, self._began = list(fresh), time.monotonic()  # the loop may have taken long to start

    def end(self) -> None:
        """Wait until enough have been sent and each has come back or is lost.

        Raises UnusableError where too few are: of a way that nobody looked at nothing can be said.
        """
        if self._names:
            due = self._began + ECHOES * PACE.interval + PACE.timeout
            time.sleep(max(0.0, due - time.monotonic()))
            while self._fewest() < ECHOES and time.monotonic() < due + PATIENCE:
                time.sleep(0.1)
                self._prober.ensure()
            readings = self._prober.readings()
            for name in self._names:
                self.paths[name] = _path(name, readings[name])
        self._names = []

    def path(self, target: EchoTarget | None) -> Path | None:
        """None where nothing was sent."""
        return self.paths.get(target.name) if target else None

    def _fewest(self) -> int:
        readings = self._prober.readings()
        return min(readings[name].sent for name in self._names)


def _path(name: str, reading: Reading) -> Path:
    found = Path.between(None, reading)
    if found is None:
        raise UnusableError(f"only {reading.sent} echoes went to {_end(name)}: is this machine too busy?")
    return found


def _end(name: str) -> str:
    """Of a way, by its counters' name: `site nk-cai-khe ipv4 video`."""
    return name.removeprefix("echo ")


def _found(sights: Mapping[str, Sight], registrars: Mapping[str, Sight], ways: Ways, echoes: Echoes) -> Found:
    return Found(
        sights,
        registrars,
        site=lambda room, dscp_class: echoes.path(ways.to_site(room, dscp_class)),
        circuit=lambda circuit, room, dscp_class: echoes.path(ways.over(circuit, room, dscp_class)),
        itself=lambda room: echoes.path(room_echo(room)),
        circuits=ways.circuits,
        before=ways.before,
        beside=ways.beside,
    )


def _closer(rooms: Iterable[RoomTarget], found: Found, judge: Judge, ways: Ways) -> Iterator[EchoTarget]:
    """Where it pays to look again: every circuit to a site with a bad path, and rooms that do not answer."""
    classes: tuple[DscpClass, ...] = ("video", "default")
    for room in rooms:
        path = found.site(room, "video")
        if not found.sights[room.room].is_up:
            yield room_echo(room)
        if path is not None and path.flaws(judge.limits(room)):
            over = (ways.over(each, room, of) for each in ways.circuits(room.site) for of in classes)
            yield from filter(None, (ways.to_site(room, "default"), *over))


async def _look(
    rooms: Sequence[RoomTarget], registrars: Sequence[RegistrarTarget], on_room: Callable[[int], None]
) -> tuple[Mapping[str, Sight], Mapping[str, Sight]]:
    seen = 0

    async def look(room: RoomTarget) -> Sight:
        nonlocal seen
        sight = await looking.room(room, registrars if room.registrar else (), own=own)
        seen += 1
        on_room(seen)
        return sight

    open_many_files()
    async with Looking(SIP_TIMEOUT, most_silent(), hurry=True) as looking:
        own = {each: asyncio.ensure_future(looking.registrar(each)) for each in registrars}
        sights = await asyncio.gather(*(look(room) for room in rooms))
        of_registrars = await asyncio.gather(*own.values())
    names = (room.room for room in rooms), (each.registrar for each in registrars)
    return dict(zip(names[0], sights, strict=True)), dict(zip(names[1], of_registrars, strict=True))


def _judged(room: RoomTarget, found: Found, judge: Judge) -> Room:
    return Room(
        room,
        found.sights[room.room],
        found.site(room, "video"),
        judge.causes(room, found),
        judge.notes(room, found),
    )
