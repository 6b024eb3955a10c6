"""What a host is told of itself, so that whoever asks it later knows what it was left with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import ip_network

from infra_ctl.change.operations import File, Operation
from infra_ctl.intent.host import HostIntent, Opening, Protocol
from infra_ctl.intent.part import HostPart

OPENINGS = "state/openings"
"""Id of the file that has a host's openings."""
FOLDER = "/etc/infra-ctl"


def openings(host: HostIntent | HostPart) -> tuple[Operation, ...]:
    """What is open on it; written last, when all of it is."""
    text = "".join(f"{line}\n" for line in _lines(host.openings))
    return (File(id=OPENINGS, path=f"{FOLDER}/openings.json", text=text, mode="644"),)


def _lines(openings: Iterable[Opening]) -> list[str]:
    entries = [json.dumps(entry(each)) for each in openings]
    return ["[", *(f" {each}," for each in entries[:-1]), *(f" {each}" for each in entries[-1:]), "]"]


def entry(opening: Opening) -> dict[str, object]:
    """An opening as the file has it."""
    values: dict[str, object] = {
        "service": opening.service,
        "protocol": opening.protocol,
        "port": opening.port,
        "sources": [str(source) for source in opening.sources],
    }
    return values | ({"targets": [str(each) for each in opening.targets]} if opening.targets else {})


def opening(entry: str) -> Opening:
    """An entry of the file, as JSON. Raises ValueError where it is none."""
    try:
        values = json.loads(entry)
        sources = tuple(ip_network(source) for source in values["sources"])
        protocol: Protocol = "udp" if values["protocol"] == "udp" else "tcp"
        targets = tuple(ip_network(target) for target in values.get("targets", ()))
        return Opening(str(values["service"]), protocol, int(values["port"]), sources, targets)
    except (KeyError, TypeError) as exc:
        raise ValueError(f"{entry} is no opening") from exc


def parsed(text: str) -> tuple[Opening, ...]:
    """All entries of the file; none where there is none, or somebody has spoilt it."""
    try:
        return tuple(opening(json.dumps(each)) for each in json.loads(text or "[]"))
    except (ValueError, TypeError):
        return ()
