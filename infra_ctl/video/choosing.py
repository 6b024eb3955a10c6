"""Which rooms are meant: those of a meeting, by name or pattern, or by a selector of their sites. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from infra_ctl.city import City
from infra_ctl.errors import UnknownError
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.video import Meeting
from infra_ctl.monitor.targets import RoomTarget, registrar_targets, room_targets


def chosen(city: City, words: Sequence[str]) -> tuple[Meeting | None, tuple[RoomTarget, ...]]:
    """One meeting and its rooms, or rooms. Raises UnknownError, SelectorError."""
    rooms = {room.room: room for room in room_targets(city)}
    meetings = city.inventory.meetings
    if len(words) == 1 and words[0] in meetings:
        meeting = meetings[words[0]]
        return meeting, tuple(rooms[name] for name in meeting.invited(rooms))
    if any("=" in word for word in words):
        sites = {city.intents[hostname].site for hostname in city.select(" ".join(words))}
        found = {name for name, room in rooms.items() if room.site in sites}
        if not found:
            raise UnknownError(f"no video room is where '{' '.join(words)}' is")
    else:
        found = {name for word in words for name in _named(word, city, list(rooms))}
    return None, tuple(room for name, room in rooms.items() if name in found)


def narrowed(
    rooms: Sequence[RoomTarget], city: City, there: City
) -> tuple[tuple[RoomTarget, ...], tuple[str, ...]]:
    """Rooms as a part of the city has them, then what it has not: other rooms, and the city's registrars."""
    known = {room.room: room for room in room_targets(there)}
    registrars = {each.registrar for each in registrar_targets(there)}
    absent = [room.room for room in rooms if room.room not in known]
    absent += [each.registrar for each in registrar_targets(city) if each.registrar not in registrars]
    return tuple(known[room.room] for room in rooms if room.room in known), tuple(absent)


def _named(word: str, city: City, rooms: Sequence[str]) -> list[str]:
    if found := [room for room in rooms if fnmatchcase(room, word)]:
        return found
    if word in city.inventory.meetings:
        raise UnknownError(f"'{word}' is a meeting: test it alone, or name rooms")
    hint = did_you_mean(word, [*city.inventory.meetings, *rooms])
    raise UnknownError(f"there is no meeting and no room '{word}'{hint}")
