"""What people did and wrote down, and what only they can say of the city: records.yaml.

A record proves nothing but that somebody answers for it: so it has a day, a name and, where there is one, the
number of the document. What it is of is listed name by name, never by a pattern: else an old record would
cover what has been added since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from infra_ctl.inventory.fields import Date, Moment, Seconds, Slug, Text
from infra_ctl.inventory.strict import Model

Deed: TypeAlias = Literal[
    "account-review",
    "ddos-protection",
    "diagram",
    "drill",
    "log-review",
    "regulation",
    "restore-test",
    "scan",
    "search",
    "spare-plan",
    "watch",
    "wireless-review",
    "yearly-report",
]
"""What was done, or put in force."""
Whose: TypeAlias = Literal["city", "site", "system"]

OF: Mapping[Deed, Whose] = {
    "account-review": "system",
    "ddos-protection": "city",
    "diagram": "city",
    "drill": "city",
    "log-review": "system",
    "regulation": "system",
    "restore-test": "system",
    "scan": "system",
    "search": "city",
    "spare-plan": "site",
    "watch": "city",
    "wireless-review": "city",
    "yearly-report": "system",
}
"""What each is done of."""
SAID: Mapping[str, Whose] = {
    "dmarc": "city",
    "dns_filter": "city",
    "encryption_layers": "system",
    "gateway": "city",
    "idle": "system",
    "tries": "system",
}
"""What a statement can say, as it is written, and of what."""

Objects: TypeAlias = Annotated[tuple[Slug, ...], Field(min_length=1)]


class Signed(Model):
    """What somebody answers for."""

    of: Objects
    by: Text
    title: Text
    number: Text | None = None
    """Of the document that says so."""


class Dated(Signed):
    """What counts from a day on; after `until`, no more."""

    date: Date
    until: Date | None = None
    """Its last day."""


class Recorded(Dated):
    """Something that was done on a day, or is in force since: of systems, sites, or the city by its slug."""

    kind: Deed


class Incident(Signed):
    """What befell systems, sites, devices, hosts, or the city, and when the authority was told."""

    occurred: Moment
    notified: Moment | None = None
    """When the authority had its first notice."""
    reported: Moment | None = None
    """When it had the report."""


class Statement(Dated):
    """What only people know of a system, or of the city's mail, said by somebody who answers for it.

    The newest one on a thing counts.
    """

    idle_seconds: Annotated[Seconds | None, Field(alias="idle")] = None
    """After which the application ends a session in which nobody does anything; 0s never."""
    tries: Annotated[int, Field(ge=0)] | None = None
    """Failed logins after which it locks a user; 0 never."""
    encryption_layers: Annotated[int, Field(ge=0)] | None = None
    """Times that what it sends is encrypted, one within the other."""
    dmarc: Literal["none", "quarantine", "reject"] | None = None
    """What the city's domain asks of those who get mail that is not from it."""
    gateway: bool | None = None
    """Whether mail passes a gateway that looks into it."""
    dns_filter: bool | None = None
    """Whether resolvers keep back names that are known as bad."""

    @property
    def says(self) -> Mapping[str, str | int | bool]:
        """What it says, by the name that it is written under."""
        found = {
            "dmarc": self.dmarc,
            "dns_filter": self.dns_filter,
            "encryption_layers": self.encryption_layers,
            "gateway": self.gateway,
            "idle": self.idle_seconds,
            "tries": self.tries,
        }
        return {name: value for name, value in found.items() if value is not None}
