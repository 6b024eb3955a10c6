"""What the driver and the worker process say to each other: a JSON object a line, one model a kind.

The driver asks, by number; the worker answers each part by that number as it comes, in any order. Secrets go
this way only, so neither side ever writes a line of it anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from infra_ctl.change.operations import Operation, Predicted


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Way(_Message):
    """How to get into a host: see drivers.connection.Connection."""

    part: str
    address: str
    others: tuple[str, ...] = ()
    port: int = 22
    username: str
    known_hosts: str
    key_file: str = ""
    password: str = Field(default="", repr=False)
    timeout: float = 10.0
    sudo: bool = False


class Work(_Message):
    """All that is to be on one host, its secrets resolved."""

    way: Way
    operations: tuple[Operation, ...] = Field(repr=False)


class Predict(_Message):
    """What would be done? See drivers.hosts.HostDriver."""

    kind: Literal["predict"] = "predict"
    number: int
    works: tuple[Work, ...]
    kept: tuple[str, ...] = ()
    token: str = ""


class Apply(_Message):
    """Do it. With `fresh`, facts that were gathered for a prediction do not count."""

    kind: Literal["apply"] = "apply"
    number: int
    works: tuple[Work, ...]
    token: str
    fence: Mapping[str, int] = {}
    revert_in: int
    fresh: bool = False


class Lease(_Message):
    """Take or renew the lease of a host."""

    kind: Literal["lease"] = "lease"
    number: int
    way: Way
    owner: str
    token: str
    seconds: int


class Release(_Message):
    """Give the lease of a host back."""

    kind: Literal["release"] = "release"
    number: int
    way: Way
    token: str


class Stop(_Message):
    """Begin no further operation; what is under way, or on trial, is brought to its end."""

    kind: Literal["stop"] = "stop"


class Quit(_Message):
    """Stop, and end."""

    kind: Literal["quit"] = "quit"


Request: TypeAlias = Annotated[Predict | Apply | Lease | Release | Stop | Quit, Field(discriminator="kind")]
REQUEST: TypeAdapter[Request] = TypeAdapter(Request)


class Did(_Message):
    """An operation of a part has changed something."""

    kind: Literal["did"] = "did"
    number: int
    part: str
    what: Predicted


class Would(_Message):
    """A part's prediction."""

    kind: Literal["would"] = "would"
    number: int
    part: str
    changes: tuple[Predicted, ...]
    texts: Mapping[str, str] = Field(default={}, repr=False)
    digests: Mapping[str, str] = Field(default={}, repr=False)


State: TypeAlias = Literal["done", "stopped", "interrupted", "taken back", "unknown"]
"""How a host ends."""


class Ended(_Message):
    """How a part ended: see drivers.hosts.HostEnd."""

    kind: Literal["ended"] = "ended"
    number: int
    part: str
    state: State
    done: tuple[Predicted, ...]
    at: str = ""
    cause: str = ""


class Leased(_Message):
    """A lease was taken (its fencing number) or given back (0)."""

    kind: Literal["leased"] = "leased"
    number: int
    part: str
    fence: int = 0


class Failed(_Message):
    """Nothing was done to a part: `error` is the name of a DeviceError."""

    kind: Literal["failed"] = "failed"
    number: int
    part: str
    error: str
    cause: str


Answer: TypeAlias = Annotated[Did | Would | Ended | Leased | Failed, Field(discriminator="kind")]
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


def line(message: BaseModel) -> bytes:
    """A message as it goes over the pipe."""
    return message.model_dump_json().encode() + b"\n"
