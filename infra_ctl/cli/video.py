"""`infra-ctl video`: are the rooms ready for a meeting?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_ctl.cli import completion
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, stages
from infra_ctl.cli.session import Session, language_option, session_options
from infra_ctl.errors import UnusableError

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.inventory.kinds import Language
    from infra_ctl.probe.sip.client import Answer
    from infra_ctl.video.finding import Finding
    from infra_ctl.video.path import Path as MediaPath
    from infra_ctl.video.readiness import Readiness, Room
    from infra_ctl.video.sight import Sight


@click.group()
def video() -> None:
    """Video rooms: who is ready for a meeting, and what keeps the others from it."""


@video.command()
@click.argument(
    "words", nargs=-1, required=True, metavar="MEETING|ROOMS...", shell_complete=completion.meetings
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the report as one page, too.",
)
@language_option("Of that page.")
@session_options
def ready(session: Session, words: tuple[str, ...], *, page: Path | None, language: Language) -> None:
    """Test all rooms of a meeting at once; those that are not ready come first, each with its cause.

    Calls nobody and changes nothing: SIP OPTIONS, a question to the registrars, echoes in the class of video.
    Of a twin only what it has is judged. Exit code 3 where a room is not ready.

    \b
    infra-ctl video ready giao-ban-thang-12 --html giao-ban.html
    infra-ctl video ready nk-cai-khe-room 'bt-*'
    infra-ctl video ready pop=nk --output json
    """
    from infra_ctl.video.choosing import chosen, narrowed
    from infra_ctl.video.page import html
    from infra_ctl.video.readiness import examine

    clock, city = Stopwatch(), session.city()
    meeting, rooms = chosen(city, words)
    if page is not None and not page.absolute().parent.is_dir():
        raise UnusableError(f"{page}: there is no folder {page.absolute().parent}")
    there = _there(session, city)
    rooms, absent = narrowed(rooms, city, there)
    if not rooms:
        raise UnusableError("none of these rooms is in this twin: rooms are booted by lab up --rooms")
    _enter(session, city)
    with stages() as on_step:
        readiness = examine(there, rooms, meeting, on_step)
    if session.is_json:
        session.emit({**_as_dict(readiness), "absent": absent})
    else:
        for line in (*_lines(readiness), f"{_total(readiness)} ({clock})"):
            session.say(line)
        if absent:
            session.say(f"not in this twin, and not judged: {', '.join(absent)}")
    if page is not None:  # where it cannot be written, what was found has been said
        names = {site.id: site.name for site in city.inventory.sites.values()}
        page.write_text(html(readiness, names, language), encoding="utf-8")
        session.say(f"saved  {page}")
    raise click.exceptions.Exit(Exit.DONE if readiness.is_ready else Exit.FOUND)


def _there(session: Session, city: City) -> City:
    """What of the city is there to be judged: of a twin of a slice, that slice."""
    if session.context.kind != "lab":
        return city
    from infra_ctl.lab.city import part_of
    from infra_ctl.lab.state import require

    return part_of(city, require(session.context.lab_folder).spec)


def _enter(session: Session, city: City) -> None:
    """Where monitoring is: in a twin on its monitoring host or its stand-in, else among its controllers.

    Raises UnusableError for a twin that has neither: what its management bridge asks crosses no circuit.
    """
    where = session.context
    if where.kind == "embedded":
        raise UnusableError("a simulated network has no rooms: use the city's (live) or a twin (lab)")
    if where.kind == "live":
        return
    from infra_ctl.context.devices import enter
    from infra_ctl.inventory.kinds import HostRole
    from infra_ctl.lab.enter import enter_host
    from infra_ctl.lab.state import require

    hosts = city.inventory.hosts.values()
    if enter_host(where.lab_folder, [host.id for host in hosts if HostRole.MONITORING in host.roles]):
        return
    if not require(where.lab_folder).spec.in_band:
        up = session.command("monitor up")
        raise UnusableError(
            f"this twin has no monitoring host from which rooms could be asked: {up} stands in for one"
        )
    enter(where)


def _lines(readiness: Readiness) -> Iterator[str]:
    width = max((len(room.target.room) for room in readiness.rooms), default=0)
    for cause in readiness.registrars:
        yield f"NOT READY  {cause.object:<{width}}  {cause.part:<11}  {cause.sentence()}"
    for room in readiness.rooms:
        yield from _room_lines(room, width)
    for note in readiness.notes:
        yield f"           {note.object:<{width}}  {note.sentence()}"


def _room_lines(room: Room, width: int) -> Iterator[str]:
    from infra_ctl.video.page import in_words

    name = f"{room.target.room:<{width}}"
    if room.is_ready:
        figures = in_words(room.path)
        yield f"ready      {name}  {_spoken(room)}{f' · {figures} (estimate)' if figures else ''}"
    for index, cause in enumerate(room.causes):
        head = f"NOT READY  {name}" if index == 0 else f"{' ' * 11}{' ' * width}"
        yield f"{head}  {cause.part:<11}  {cause.sentence()}"
    for note in room.notes:
        yield f"{' ' * 11}{' ' * width}  {note.sentence()}"


def _spoken(room: Room) -> str:
    """`200 by udp, tcp`, `port 1720 is open`."""
    if room.sight.port is not None:
        return f"port {room.target.port} is open"
    reached = [(name, answer) for name, answer in room.sight.answers.items() if answer.is_reached]
    best = room.sight.best
    over = ", ".join(name for name, answer in reached if best and answer.status == best.status)
    return f"{best.status} by {over}" if best else ""


def _total(readiness: Readiness) -> str:
    failed = sum(not room.is_ready for room in readiness.rooms)
    return f"{len(readiness.rooms) - failed} ready · {failed} not ready"


def _as_dict(readiness: Readiness) -> dict[str, object]:
    meeting = readiness.meeting
    return {
        "meeting": meeting and {"id": meeting.id, "name": meeting.name, "time": meeting.time.isoformat()},
        "tested": readiness.at.isoformat(),
        "ready": readiness.is_ready,
        "registrars": [_finding(each) for each in readiness.registrars],
        "notes": [_finding(each) for each in readiness.notes],
        "registrars_seen": {name: _answers(sight) for name, sight in readiness.sights.items()},
        "rooms": [_room(room) for room in readiness.rooms],
        "paths": {name: _path(path) for name, path in readiness.paths.items()},
    }


def _room(room: Room) -> dict[str, object]:
    path, target = room.path, room.target
    return {
        "room": target.room,
        "site": target.site,
        "protocol": target.protocol,
        "address": str(target.address),
        "ready": room.is_ready,
        "cause": _finding(room.causes[0]) if room.causes else None,
        "causes": [_finding(each) for each in room.causes],
        "notes": [_finding(each) for each in room.notes],
        "transports": _answers(room.sight),
        "port": room.sight.port and {"number": target.port, "failure": room.sight.port.failure},
        "registrars": {
            name: None if entry.bindings is None else [binding.uri for binding in entry.bindings]
            for name, entry in room.sight.entries.items()
        },
        "bindings": [
            {"registrar": name, "uri": binding.uri, "expires": binding.expires}
            for name, entry in room.sight.entries.items()
            for binding in entry.bindings or ()
        ],
        "media": path and _path(path),
    }


def _path(path: MediaPath) -> dict[str, object]:
    return {
        "sent": path.sent,
        "lost": path.lost,
        "loss": path.loss,
        "rtt_ms": path.rtt * 1000,
        "jitter_ms": path.jitter * 1000,
        "rating_estimate": path.rating,
        "mos_estimate": path.mos,
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {"part": finding.part, "object": finding.object, "message": finding.sentence()}


def _answers(sight: Sight) -> dict[str, object]:
    return {transport: _answer(answer) for transport, answer in sight.answers.items()}


def _answer(answer: Answer) -> dict[str, object]:
    shown = answer.certificate
    return {
        "status": answer.status,
        "seconds": answer.seconds,
        "failure": answer.failure,
        "certificate": shown
        and {"subject": shown.subject, "expires": shown.expires and shown.expires.isoformat()},
    }
