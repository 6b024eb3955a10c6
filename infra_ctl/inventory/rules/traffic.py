"""Classes of traffic: told apart, no more than there is, enough of a circuit for the room at its end."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.errors import Problem
from infra_ctl.inventory.devices import port
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.kinds import Traffic
from infra_ctl.inventory.records import problem
from infra_ctl.inventory.rules.survey import Survey

UNMARKED = "cs0"
ROOM_MBPS = {"720p": 2, "1080p": 4}
"""What a room sends and receives: H.264, one camera."""


def shares(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Each class has a part of a circuit, all of them no more than the whole."""
    classes = draft.city.classes if draft.city else {}
    for name, each in classes.items():
        if not each.share:
            yield problem(draft.city_record, ("classes", name, "share"), f"class {name} would never be sent")
    total = sum(each.share for each in classes.values())
    if total > 1 + 1e-9:
        message = f"the shares of all classes are {total:.0%}: a circuit has 100%"
        yield problem(draft.city_record, ("classes",), message, key=True)


def marks(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A mark, a LAN and a zone belong to one class; what is in none is `default`, which is unmarked."""
    classes = draft.city.classes if draft.city else {}
    if classes and Traffic.DEFAULT not in classes:
        yield problem(draft.city_record, ("classes",), "there is no class 'default' for the rest", key=True)
    owners: dict[str, str] = {}
    for name, each in classes.items():
        path = ("classes", name)
        if (each.dscp == UNMARKED) is not (name is Traffic.DEFAULT):
            message = f"{UNMARKED} is the mark of class 'default', and of no other"
            yield problem(draft.city_record, (*path, "dscp"), message)
        for field, values in (("lans", each.lans), ("zones", each.zones)):
            for index, value in enumerate(values):
                if name in (Traffic.CONTROL, Traffic.DEFAULT):
                    message = f"class {name} is of no LAN and no zone"
                    yield problem(draft.city_record, (*path, field, index), message)
                elif (owner := owners.setdefault(f"{field} {value}", name)) != name:
                    message = f"{value} is in class {owner} already"
                    yield problem(draft.city_record, (*path, field, index), message)
        if (owner := owners.setdefault(f"dscp {each.dscp}", name)) != name and each.dscp != UNMARKED:
            message = f"{each.dscp} is the mark of class {owner} already"
            yield problem(draft.city_record, (*path, "dscp"), message)


def room_for_video(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Of each circuit the video class has what the room at its end needs."""
    if draft.city is None or not draft.profiles.sound or Traffic.VIDEO not in draft.city.classes:
        return
    share = draft.city.classes[Traffic.VIDEO].share
    for key, circuit in draft.circuits.objects.items():
        profile = draft.profile_at(port(circuit.z).site)
        room = profile.room if profile else None
        if room is None or circuit.mbps * share >= ROOM_MBPS[room.video_class]:
            continue
        needed, has = ROOM_MBPS[room.video_class], f"{circuit.mbps * share:g} Mbit/s"
        message = f"class video has {has} of it, and a room of {room.video_class} needs {needed}"
        yield draft.circuits.problem(key, ("mbps",), message)


RULES = (shares, marks, room_for_video)
