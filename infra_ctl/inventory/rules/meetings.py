"""A meeting has a bridge that can take all whom it invites. When it is, or was, is no matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.rules.survey import Survey
from infra_ctl.inventory.video import Mcu, Meeting


def meetings(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Whom a meeting invites exists; its bridge speaks with each and has a port for each."""
    table = draft.meetings
    known = _protocols(draft)
    for key, meeting in table.objects.items():
        if draft.sites.sound and draft.rooms.complete:
            for index, pattern in enumerate(meeting.rooms):
                if not any(fnmatchcase(room, pattern) for room in known):
                    message = f"room {pattern!r} does not exist{did_you_mean(pattern, known)}"
                    yield table.problem(key, ("rooms", index), message)
        mcu = draft.mcus.objects.get(meeting.mcu)
        if (message := draft.mcus.missing(meeting.mcu) or "") or mcu is None:
            if message:
                yield table.problem(key, ("mcu",), message)
        elif message := _too_much(mcu, meeting, known):
            yield table.problem(key, ("mcu",), message)


def _too_much(mcu: Mcu, meeting: Meeting, known: Mapping[str, str]) -> str:
    """Why a bridge cannot take a meeting; empty where it can."""
    invited = meeting.invited(known)
    if len(invited) > mcu.ports:
        return f"{mcu.id} has {mcu.ports} ports, and {len(invited)} rooms are invited"
    mute = next((room for room in invited if known[room] not in mcu.protocols), None)
    return f"{mcu.id} does not speak {known[mute]}, and room {mute} nothing else" if mute else ""


def _protocols(draft: Draft) -> Mapping[str, str]:
    """What every room speaks, those of the profiles too; nothing of one that is ill-formed."""
    standard = {
        f"{site.id}-room": profile.room.protocol
        for site in draft.sites.objects.values()
        if (profile := draft.profile(site)).room is not None
    }
    written = dict.fromkeys(draft.rooms.records, "")
    return {**standard, **written, **{room.id: room.protocol for room in draft.rooms.objects.values()}}


RULES = (meetings,)
