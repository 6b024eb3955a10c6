"""The lock file: `object,purpose,prefix`, one prefix a line, sorted, so that two branches merge like code."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from infra_ctl.errors import InventoryError, Problem
from infra_ctl.intent.purposes import Key, Network, fault, is_purpose, version
from infra_ctl.intent.space import Bits, Spaces

LOCK_FILE = "allocations.lock.csv"
HEADER = ["object", "purpose", "prefix"]


class _Entry(NamedTuple):
    line: int
    key: Key
    network: Network


def format_lock(prefixes: Mapping[Key, Network]) -> str:
    """The whole file. Equal allocations give equal bytes."""
    lines = [f"{name},{purpose},{network}" for (name, purpose), network in sorted(prefixes.items())]
    return "\n".join([",".join(HEADER), *lines, ""])


def parse_lock(text: str, file: str = LOCK_FILE) -> dict[Key, Network]:
    """The prefixes of a lock; empty text is an empty lock.

    Raises InventoryError with every line that is malformed, doubled, or overlaps another.
    """
    rows = csv.reader(text.splitlines())
    header = next(rows, HEADER)
    read = [_read(file, line, row) for line, row in enumerate(rows, start=2)]
    problems = [found for found in read if isinstance(found, Problem)]
    entries = [found for found in read if isinstance(found, _Entry)]
    if header != HEADER:
        problems.append(Problem(file, 1, 1, f"the columns are {','.join(HEADER)}"))
    problems.extend(_conflicts(file, entries))
    if problems:
        raise InventoryError(problems)
    return {entry.key: entry.network for entry in entries}


def _read(file: str, line: int, row: Sequence[str]) -> Problem | _Entry:
    if len(row) != len(HEADER):
        return Problem(file, line, 0, f"has {len(row)} fields, not {','.join(HEADER)}")
    name, purpose, prefix = row
    if not is_purpose(purpose):
        return Problem(file, line, 2, f"{purpose!r} is not a purpose, such as loopback-ipv4 or zone-dmz-ipv6")
    try:
        network = IPv4Network(prefix) if version(purpose) == 4 else IPv6Network(prefix)
    except ValueError as error:
        return Problem(file, line, 3, f"{prefix!r} is not an IPv{version(purpose)} prefix: {error}")
    if (wrong := fault(purpose, network)) is not None:
        return Problem(file, line, 3, wrong)
    return _Entry(line, (name, purpose), network)


def _conflicts(file: str, entries: Sequence[_Entry]) -> Iterator[Problem]:
    spaces = Spaces((entry.key[1], entry.network.prefixlen) for entry in entries)
    lines: dict[Key, int] = {}
    for line, key, network in entries:
        if key in lines:
            yield Problem(file, line, 1, f"{' '.join(key)} is locked twice, first in line {lines[key]}")
        elif (claim := spaces.of(key[1]).take(key, Bits.of(network))) is not None:
            other = f"{' '.join(claim.key)} in line {lines[claim.key]}"
            yield Problem(file, line, 3, f"{network} of {' '.join(key)} overlaps that of {other}")
        lines.setdefault(key, line)
