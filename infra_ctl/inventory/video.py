"""Video conferences: rooms, the bridges that host them, and meetings."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field

from infra_ctl.inventory.fields import Moment, Names, Slug, Text
from infra_ctl.inventory.strict import Model

ROOM_NUMBER = 16
"""Of the room that a profile gives, on its site's video LAN."""


class Room(Model):
    """A video room; those that a site's profile gives it are named `<site>-room`."""

    id: Slug
    site: Slug
    number: Annotated[int, Field(ge=ROOM_NUMBER, le=30)] = ROOM_NUMBER
    """Its address on the site's video LAN, as a host's in its zone."""
    protocol: Literal["sip", "h323"]
    video_class: Annotated[Literal["720p", "1080p"], Field(alias="class")]
    mcu: Slug


class Mcu(Model):
    id: Slug
    site: Slug
    number: Annotated[int, Field(ge=16, le=250)]
    protocols: tuple[Literal["sip", "h323"], ...]
    ports: Annotated[int, Field(ge=1)]


class Meeting(Model):
    """A video conference that is to be; one that has been stays as it is, for nobody has to take it out."""

    id: Slug
    name: Text
    time: Moment
    """When it begins, in Vietnam."""
    mcu: Slug
    """The bridge that hosts it."""
    rooms: Annotated[tuple[Names, ...], Field(min_length=1)]
    """Who is invited; `nk-*` are all rooms whose name begins so."""

    def invited(self, rooms: Iterable[str]) -> list[str]:
        """Of these rooms the ones that are to take part, in their order."""
        return [room for room in rooms if any(fnmatchcase(room, pattern) for pattern in self.rooms)]
