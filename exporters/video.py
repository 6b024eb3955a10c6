"""The video exporter: rooms and registrars by SIP, who is registered, and an estimate of each media path."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import click

from exporters.catalogue import METRICS, VIDEO
from exporters.serving import Block, Histogram, Observed, Series, serve
from infra_ctl.city import City, load_city
from infra_ctl.errors import UnknownError, UnusableError
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.monitor.targets import RegistrarTarget, RoomTarget, registrar_targets, room_targets
from infra_ctl.probe.counters import BOUNDS, Reading
from infra_ctl.probe.prober import Prober
from infra_ctl.probe.sip.client import Answer
from infra_ctl.probe.targets import Pace, Target
from infra_ctl.video.path import Path as MediaPath
from infra_ctl.video.sight import Sight, open_many_files
from infra_ctl.video.watching import Watch, Watched
from infra_ctl.video.ways import Ways

SAMPLES = 12
"""In a window: an estimate is that much older than it could be, at most."""
PROBE_TIMEOUT = 2.0
MODULE = "sip"
Rows = Iterable[tuple[Sequence[str], float | None]]


def main(argv: Sequence[str]) -> None:
    """`infra-ctl export video`."""
    open_many_files()
    serve(VIDEO, VideoExporter, argv, *OPTIONS)


@dataclass(slots=True)
class Tally:
    """Questions to a room over one transport, since it was first asked."""

    sent: int = 0
    unanswered: int = 0
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    sum: float = 0.0
    status: int = 0

    def count(self, answer: Answer) -> None:
        self.sent, self.status = self.sent + 1, answer.status
        if answer.is_reached:
            self.counts[bisect_left(BOUNDS, answer.seconds)] += 1
            self.sum += answer.seconds
        else:
            self.unanswered += 1

    def copy(self) -> Tally:
        """As of now."""
        return Tally(self.sent, self.unanswered, [*self.counts], self.sum, self.status)


COUNTS: Mapping[str, Callable[[Tally], float]] = {
    "infra_room_options_sent_total": lambda tally: tally.sent,
    "infra_room_options_unanswered_total": lambda tally: tally.unanswered,
    "infra_room_sip_status": lambda tally: tally.status,
}


class Table:
    """The series of rooms by transport, written once for as long as these stay the same."""

    def __init__(self, labels: Sequence[tuple[str, str]] = ()) -> None:
        self.labels = labels
        self._series = {name: Series(METRICS[name], labels) for name in COUNTS}
        self._seconds = Histogram(METRICS["infra_room_options_seconds"], labels)

    def blocks(self, tallies: Collection[Tally]) -> Iterator[Block]:
        for name, value in COUNTS.items():
            yield self._series[name].block(map(value, tallies))
        yield self._seconds.block(Observed(tally.counts, tally.sum) for tally in tallies)


class MediaPaths:
    """The ways to rooms' sites in the class of video over the last `window` seconds; none where it is 0."""

    def __init__(self, interval: float, window: float) -> None:
        self.step = window / SAMPLES
        self._pace = Pace(interval, PROBE_TIMEOUT)
        self._prober = Prober() if window else None
        self._samples: deque[Mapping[str, Reading]] = deque(maxlen=SAMPLES + 1)
        self._wanted: Sequence[Target] | None = None
        self._is_begun = False
        self._lock = Lock()
        self._trouble = ""

    def watch(self, city: City, rooms: Iterable[RoomTarget]) -> Mapping[str, str]:
        """Begin with those, or go over to them: by room, what its path is called.

        Raises UnusableError at the beginning alone: that a machine lets nobody probe is to be known then.
        Later it is said, and every scrape tries again.
        """
        if self._prober is None:
            return {}
        ways = Ways(city)
        echoes = {room.room: echo for room in rooms if (echo := ways.to_site(room, "video"))}
        with self._lock:
            self._wanted = [*{echo.name: echo for echo in echoes.values()}.values()]
        if self._is_begun:
            self._is_running(self._prober)
        else:
            self._go_on(self._prober)
            self._is_begun = True
        return {room: echo.name for room, echo in echoes.items()}

    def sample(self) -> None:
        if self._prober is not None:
            self._samples.append(self._prober.readings())

    def paths(self) -> Mapping[str, MediaPath]:
        """By name; the loop is begun again where it has ended. Without one there are none, said once."""
        samples = tuple(self._samples)
        if self._prober is None or not samples or not self._is_running(self._prober):
            return {}
        between = {name: MediaPath.between(samples[0].get(name), now) for name, now in samples[-1].items()}
        return {name: path for name, path in between.items() if path is not None}

    def close(self) -> None:
        if self._prober is not None:
            with self._lock:
                self._prober.close()

    def _is_running(self, prober: Prober) -> bool:
        before, self._trouble = self._trouble, ""
        try:
            self._go_on(prober)
        except UnusableError as error:
            self._trouble = str(error)
            if self._trouble != before:
                _tell(f"no estimates of media: {error}")
        return not self._trouble

    def _go_on(self, prober: Prober) -> None:
        """With what is wanted, where it is not what the loop has yet. Raises UnusableError."""
        with self._lock:
            if self._wanted is None:
                prober.ensure()
            else:
                prober.configure(self._wanted, self._pace)
                self._wanted = None


class VideoExporter:
    """What was last seen of each room and registrar, and counts since it was first asked."""

    def __init__(
        self, *, interval: float, timeout: float, media_interval: float, media_window: float
    ) -> None:
        self._sights: dict[str, tuple[Watched, Sight]] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._rooms: Mapping[str, RoomTarget] = {}
        self._registrars: Mapping[str, RegistrarTarget] = {}
        self._path_of: Mapping[str, str] = {}
        self._table = Table()
        self._lock = Lock()
        self._media = MediaPaths(media_interval, media_window)
        self._watch = Watch(interval, timeout, self._see, _tell)
        if media_window:
            self._watch.every(self._media.step, self._media.sample)

    def configure(self, inventory: Path) -> None:
        """Raises InfraCtlError before anything is changed, once it has begun."""
        city = load_city(inventory)
        rooms, registrars = room_targets(city), registrar_targets(city)
        self.watch(rooms, registrars)
        path_of = self._media.watch(city, rooms)
        with self._lock:
            self._path_of = path_of

    def watch(self, rooms: Sequence[RoomTarget], registrars: Sequence[RegistrarTarget] = ()) -> None:
        """Look at these from now on. Raises UnusableError, and looks at those before, then."""
        self._watch.look_at(rooms, registrars)
        with self._lock:
            self._rooms = {each.room: each for each in rooms}
            self._registrars = {each.registrar: each for each in registrars}
            self._path_of = {room: name for room, name in self._path_of.items() if room in self._rooms}
            there = {*self._rooms, *self._registrars}
            self._sights = {name: sight for name, sight in self._sights.items() if name in there}
            self._tallies = {key: tally for key, tally in self._tallies.items() if key[0] in self._rooms}

    def collect(self) -> Iterator[Block]:
        paths = self._media.paths()
        with self._lock:  # for a moment: whoever looks at rooms waits for it
            known, tallies = self._rooms, {key: tally.copy() for key, tally in self._tallies.items()}
            rooms = {n: s for n, (t, s) in self._sights.items() if isinstance(t, RoomTarget)}
            registrars = {n: s for n, (t, s) in self._sights.items() if not isinstance(t, RoomTarget)}
            found = {room: paths[name] for room, name in self._path_of.items() if name in paths}
        if (table := self._table).labels != [*tallies]:
            self._table = table = Table([*tallies])
        yield from table.blocks(tallies.values())
        yield from _of_rooms(known, rooms)
        yield from _of_registrars(registrars, rooms)
        yield _block("infra_room_media_rating_estimate", (((room,), p.rating) for room, p in found.items()))
        yield _block("infra_room_media_mos_estimate", (((room,), p.mos) for room, p in found.items()))

    def probe(self, target: str, module: str, timeout: float, say: Callable[[str], None]) -> Iterator[Block]:
        """Look at one room or registrar now; nothing of it is counted. Raises UnknownError."""
        if module not in ("", MODULE):
            raise UnknownError(f"there is no module '{module}'; there is {MODULE}")
        with self._lock:
            known: Mapping[str, Watched] = {**self._rooms, **self._registrars}
        if (found := known.get(target)) is None:
            raise UnknownError(f"there is no room and no registrar '{target}'{did_you_mean(target, known)}")
        # Who does not answer by UDP is asked by TCP, which takes as long again.
        sight = self._watch.look_now(found, timeout / 2)
        for transport, answer in sight.answers.items():
            say(f"{transport}: {answer.in_words}")
        for registrar, entry in sight.entries.items():
            bindings = entry.bindings
            say(f"{registrar}: {entry.failure if bindings is None else [each.uri for each in bindings]}")
        statuses = (((target, name), answer.status) for name, answer in sight.answers.items())
        if isinstance(found, RoomTarget):
            yield _block("infra_room_sip_status", statuses)
            yield from _of_rooms({target: found}, {target: sight})
        else:
            yield from _of_registrars({target: sight}, {})

    def close(self) -> None:
        self._watch.close()
        self._media.close()

    def _see(self, target: Watched, sight: Sight) -> None:
        """Called by the thread that looks; what was under way when its target went is forgotten."""
        is_room = isinstance(target, RoomTarget)
        name = target.room if isinstance(target, RoomTarget) else target.registrar
        with self._lock:
            if (self._rooms if is_room else self._registrars).get(name) != target:
                return
            self._sights[name] = (target, sight)
            for transport, answer in sight.answers.items() if is_room else ():
                self._tallies.setdefault((name, transport), Tally()).count(answer)


def _of_rooms(rooms: Mapping[str, RoomTarget], seen: Mapping[str, Sight]) -> Iterator[Block]:
    registered = {name: _registration(rooms[name], sight) for name, sight in seen.items()}
    yield _block("infra_room_up", (((name,), sight.is_up) for name, sight in seen.items()))
    yield _block("infra_room_registered", (((name,), found[0]) for name, found in registered.items()))
    yield _block(
        "infra_room_binding_expiry_timestamp_seconds",
        (((name,), found[1]) for name, found in registered.items()),
    )
    yield _block("infra_room_in_call", (((name,), _is_in_call(sight)) for name, sight in seen.items()))
    yield _block("infra_room_certificate_expiry_timestamp_seconds", _expiries(seen))


def _of_registrars(seen: Mapping[str, Sight], rooms: Mapping[str, Sight]) -> Iterator[Block]:
    up = ((n, transport, answer) for n, sight in seen.items() for transport, answer in sight.answers.items())
    yield _block("infra_registrar_up", (((name, transport), a.is_reached) for name, transport, a in up))
    yield _block("infra_registrar_bindings", (((name,), _bound(name, rooms.values())) for name in seen))
    yield _block("infra_registrar_certificate_expiry_timestamp_seconds", _expiries(seen))


def _bound(registrar: str, rooms: Iterable[Sight]) -> int | None:
    """How many rooms it knows a place of; None where it has told of none."""
    told = [sight.entries[registrar].bindings for sight in rooms if registrar in sight.entries]
    known = [found for found in told if found is not None]
    return sum(bool(found) for found in known) if known else None


def _registration(room: RoomTarget, sight: Sight) -> tuple[bool | None, float | None]:
    """Whether a registrar leads to the room, and until when; None where no registrar says."""
    told = [entry for entry in sight.entries.values() if entry.bindings is not None]
    if not told:
        return None, None
    found = [(entry, binding) for entry in told if (binding := entry.leading_to(room))]
    ends = [entry.at + binding.expires for entry, binding in found if binding.expires is not None]
    return bool(found), max(ends, default=None)


def _is_in_call(sight: Sight) -> bool | None:
    """As the room itself says: busy is, healthy is not; another answer, or none, says nothing."""
    if sight.best is None or not (sight.best.is_busy or sight.best.is_healthy):
        return None
    return any(answer.is_busy for answer in sight.answers.values())


def _expiries(seen: Mapping[str, Sight]) -> Rows:
    for name, sight in seen.items():
        yield (name,), sight.certificate_expiry.timestamp() if sight.certificate_expiry else None


def _tell(line: str) -> None:
    click.echo(f"video: {line}", err=True)


def _block(metric: str, rows: Rows) -> Block:
    """What is not known has no series."""
    known = {tuple(labels): value for labels, value in rows if value is not None}
    return Series(METRICS[metric], known).block(known.values())


def _seconds(name: str, default: float, least: float, most: float, text: str) -> Any:
    parameter = name.removeprefix("--").replace("probe.", "").replace(".", "_")
    kind = click.FloatRange(min=least, max=most)
    return click.Option([name, parameter], type=kind, default=default, show_default=True, help=text)


OPTIONS: tuple[click.Option, ...] = (
    _seconds("--probe.interval", 30, 1, 3600, "Seconds between two looks at a room."),
    _seconds("--probe.timeout", 4, 0.5, 60, "Seconds after which a question is given up."),
    _seconds(
        "--media.interval", 0.5, 0.05, 60, "Seconds between two echoes to a site, in the class of video."
    ),
    _seconds(
        "--media.window", 120, 0, 3600, "Seconds that an estimate looks back; 0: none, and no raw sockets."
    ),
)
