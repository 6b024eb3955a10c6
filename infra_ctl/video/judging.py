"""From what was seen to what is wrong: each room's causes, the one that hides the others first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.inventory.monitoring import Media, VideoClass
from infra_ctl.monitor.targets import DscpClass, RoomTarget
from infra_ctl.video.finding import Finding, Part
from infra_ctl.video.path import Flaw, Path
from infra_ctl.video.sight import Sight

CARRIED_ON = 1.5
"""A circuit is not to blame for losing what the way to it has lost already, give or take half of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that was measured; a path is None where it was not looked at, or too little was sent."""

    sights: Mapping[str, Sight]
    """By room."""
    registrars: Mapping[str, Sight]
    site: Callable[[RoomTarget, DscpClass], Path | None]
    circuit: Callable[[str, RoomTarget, DscpClass], Path | None]
    itself: Callable[[RoomTarget], Path | None]
    """Echoes to the room's own address."""
    circuits: Callable[[str], tuple[str, ...]]
    """Those that lead to a site, the nearest to the data centre first."""
    before: Callable[[str], tuple[str, ...]]
    """Those before a circuit."""
    beside: Callable[[str], tuple[str, ...]]
    """Those to the same site, itself too."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What is asked of a meeting: when it is, what its media may suffer, how long certificates must last."""

    now: datetime
    media: Mapping[VideoClass, Media] = field(default_factory=dict)
    meeting: datetime | None = None
    certificate_seconds: int = 0

    def causes(self, room: RoomTarget, found: Found) -> tuple[Finding, ...]:
        """Why a room is not ready, THE cause first; none where it is."""
        causes = [
            *self._of_path(room, found),
            *_of_room(room, found),
            *_of_registrars(room, found),
            *self.of_certificate(room.room, found.sights[room.room]),
        ]
        return tuple(sorted(causes, key=lambda cause: list(Part).index(cause.part)))

    def notes(self, room: RoomTarget, found: Found) -> tuple[Finding, ...]:
        """What is worth knowing of a room and keeps it from nothing."""
        sight = found.sights[room.room]
        return (
            *_remarks(room.room, sight),
            *_guarded(room, found),
            *self.certificate_notes(room.room, sight),
        )

    def limits(self, room: RoomTarget) -> Media:
        return self.media.get(room.video_class, Media())

    def of_certificate(self, name: str, sight: Sight) -> Iterator[Finding]:
        """One that has expired, or will have before the meeting."""
        expiry = sight.certificate_expiry
        if expiry is not None and expiry <= self.now:
            yield Finding(Part.CERTIFICATE, name, "expired", {"date": _date(expiry)})
        elif expiry is not None and self.meeting is not None and expiry <= self.meeting:
            yield Finding(Part.CERTIFICATE, name, "expires", {"date": _date(expiry)})

    def certificate_notes(self, name: str, sight: Sight) -> Iterator[Finding]:
        expiry = sight.certificate_expiry
        if expiry is None or any(self.of_certificate(name, sight)):
            return
        if expiry <= self.now + timedelta(seconds=self.certificate_seconds):
            yield Finding(Part.CERTIFICATE, name, "expires soon", {"date": _date(expiry)})

    def _of_path(self, room: RoomTarget, found: Found) -> Iterator[Finding]:
        limits, path = self.limits(room), found.site(room, "video")
        if path is None or not (flaws := path.flaws(limits)):
            return
        plain = found.site(room, "default")

        def is_dead(circuit: str) -> bool:
            measured = found.circuit(circuit, room, "video")
            return measured is None or measured.is_dead

        circuits = [
            (circuit, measured)
            for circuit in found.circuits(room.site)
            if (measured := found.circuit(circuit, room, "video")) is not None
            and measured.flaws(limits)
            and measured.is_dead == path.is_dead  # over one that is dead nothing comes that is only late
            and (not path.is_dead or all(is_dead(each) for each in found.beside(circuit)))
        ]
        if plain is not None and not plain.flaws(limits):
            where = next((circuit for circuit, _ in circuits), room.site)
            yield Finding(Part.QUEUE, where, "queue", _both(path, plain))
            return
        blamed = [
            (circuit, measured)
            for circuit, measured in circuits
            if not _explained([found.circuit(b, room, "video") for b in found.before(circuit)], measured)
        ]
        for circuit, measured in blamed:
            flaw = measured.flaws(limits)[0]
            yield Finding(Part.CIRCUIT, circuit, flaw, _values(measured, limits, flaw))
        if not blamed:
            says = "unreachable" if path.is_dead else str(flaws[0])
            yield Finding(Part.SITE, room.site, says, _values(path, limits, flaws[0]))


def _explained(before: Sequence[Path | None], after: Path) -> bool:
    """By what comes before it: a dead circuit by nothing but dead ones, another by any that is as bad."""
    test = all if after.is_dead else any
    return bool(before) and test(_explains(each, after) for each in before)


def _explains(before: Path | None, after: Path) -> bool:
    """Whether what is lost or late on the way to a circuit is all that is lost or late over it."""
    if before is None:
        return False
    if before.is_dead or after.is_dead:
        return before.is_dead and after.is_dead
    loss, delay = before.loss * CARRIED_ON, before.rtt * CARRIED_ON
    return (
        after.loss <= loss
        and after.rtt <= delay + 0.001
        and after.jitter <= before.jitter * CARRIED_ON + 0.001
    )


def _of_room(room: RoomTarget, found: Found) -> Iterator[Finding]:
    sight = found.sights[room.room]
    best = sight.best
    if not sight.is_up:
        itself, path = found.itself(room), found.site(room, "video")
        if path is not None and path.is_dead:  # nobody there can be heard: the way is to blame
            return
        is_on = "refused" in sight.failures or (itself is not None and not itself.is_dead)
        yield Finding(Part.ROOM, room.room, "mute" if is_on else "off", {"why": sight.failures})
    elif best is not None and best.is_degraded:
        yield Finding(Part.ROOM, room.room, "degraded", {"status": best.in_words})


def _of_registrars(room: RoomTarget, found: Found) -> Iterator[Finding]:
    """Of several it is enough that one leads to the room."""
    entries = found.sights[room.room].entries
    told = {name: entry for name, entry in entries.items() if entry.bindings is not None}
    if any(entry.leading_to(room) for entry in told.values()):
        return
    wrong = [(name, entry.bindings) for name, entry in told.items() if entry.bindings]
    if wrong:
        name, bindings = wrong[0]
        values = {
            "room": room.room,
            "found": bindings[0].host or bindings[0].uri,
            "address": str(room.address),
        }
        yield Finding(Part.REGISTRAR, name, "wrong entry", values)
        return
    for name, entry in entries.items():  # it may be there that the room is registered
        if not found.registrars[name].is_up:
            yield Finding(Part.REGISTRAR, name, "silent registrar", {"why": entry.failure})
    if told:
        yield Finding(Part.REGISTRAR, next(iter(told)), "no entry", {"room": room.room})


def _guarded(room: RoomTarget, found: Found) -> Iterator[Finding]:
    """A registrar that answers, but not this question: what it knows is not known here."""
    entries = found.sights[room.room].entries
    for name, entry in entries.items():
        if entry.bindings is None and found.registrars[name].is_up:
            yield Finding(Part.REGISTRAR, name, "guarded", {"room": room.room, "why": entry.failure})


def _remarks(name: str, sight: Sight) -> Iterator[Finding]:
    best = sight.best
    if any(answer.is_busy for answer in sight.answers.values()):
        yield Finding(Part.ROOM, name, "in a call")
    elif best is not None and not best.is_healthy and not best.is_degraded:
        yield Finding(Part.ROOM, name, "answers", {"status": best.in_words})


def _both(video: Path, plain: Path) -> dict[str, str]:
    return {
        "loss": percent(video.loss),
        "delay": _one_way(video),
        "other": percent(plain.loss),
        "other_delay": _one_way(plain),
    }


def _values(path: Path, limits: Media, flaw: Flaw) -> dict[str, str]:
    limit = {
        Flaw.LOSS: percent(limits.loss),
        Flaw.DELAY: f"{limits.delay_ms:g} ms",
        Flaw.JITTER: f"{limits.jitter_ms:g} ms",
        Flaw.RATING: f"{limits.rating:g}",
    }.get(flaw, "")
    return {
        "sent": str(path.sent),
        "loss": percent(path.loss),
        "delay": _one_way(path),
        "jitter": milliseconds(path.jitter),
        "rating": f"{path.rating:.0f}",
        "limit": limit,
    }


def percent(ratio: float) -> str:
    """`5.9 %`."""
    return f"{ratio * 100:.1f} %".replace(".0 %", " %")


def milliseconds(seconds: float) -> str:
    """`12 ms`, `2.1 ms`, `0.04 ms`."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2g} ms"


def _one_way(path: Path) -> str:
    return milliseconds(path.rtt / 2)


def _date(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%Y-%m-%d}"
