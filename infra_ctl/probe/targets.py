"""Who is probed, and how, as plain values; and the one line of JSON in which the loop is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Self, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

DEFAULT, AF41 = 0, 34
"""DSCP of the classes (RFC 4594): best effort, and conferencing video."""


@dataclass(frozen=True, slots=True)
class EchoTarget:
    """An address that is sent echo requests in a class of queue, and whose path's MTU may be looked for."""

    name: str
    """Its counters' name: a target that stays in the next set keeps its counts."""
    address: Address
    dscp: int = DEFAULT
    mtu: bool = False


@dataclass(frozen=True, slots=True)
class StampTarget:
    """A STAMP reflector that is sent test packets in a class of queue."""

    name: str
    address: Address
    dscp: int = DEFAULT
    port: int = 862


Target: TypeAlias = EchoTarget | StampTarget


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between two probes of a target, until one is lost, between two looks for a path's MTU."""

    interval: float = 1.0
    timeout: float = 2.0
    mtu_interval: float = 300.0


@dataclass(frozen=True, slots=True)
class Order:
    """What the loop is to do from now on: targets by their counters' slots; `fresh` ones begin at nought."""

    pace: Pace
    slots: int
    fresh: Sequence[int]
    targets: Mapping[int, Target]

    def line(self) -> bytes:
        """As one line of JSON."""
        listed = [[slot, type(each).__name__, _plain(each)] for slot, each in self.targets.items()]
        order = {"pace": asdict(self.pace), "slots": self.slots, "fresh": list(self.fresh), "targets": listed}
        return json.dumps(order).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """The order of a line."""
        order = json.loads(line)
        targets = {slot: _target(kind, fields) for slot, kind, fields in order["targets"]}
        return cls(Pace(**order["pace"]), order["slots"], order["fresh"], targets)


def _plain(target: Target) -> dict[str, Any]:
    return {**asdict(target), "address": str(target.address)}


def _target(kind: str, fields: dict[str, Any]) -> Target:
    address = fields.pop("address")
    parsed: Address = IPv6Address(address) if ":" in address else IPv4Address(address)
    if kind == "StampTarget":
        return StampTarget(address=parsed, **fields)
    return EchoTarget(address=parsed, **fields)
