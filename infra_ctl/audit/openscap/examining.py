"""Evidence of OpenSCAP of one host: its own, or else what was brought."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Protocol

from infra_ctl.audit.collecting.part import Part, Subject
from infra_ctl.audit.openscap.brought import kept
from infra_ctl.audit.openscap.evidence import lost, part, unasked, unused
from infra_ctl.audit.openscap.running import AbsentError, evaluate
from infra_ctl.drivers.command import CommandRunner
from infra_ctl.errors import DeviceError, UnusableError


class Way(Protocol):
    """An open session with a machine, and whether one has to become root in it."""

    @property
    def runner(self) -> CommandRunner: ...
    @property
    def sudo(self) -> bool: ...


def examine(open_: Callable[[str], Way], brought: Path, subject: Subject, at: datetime) -> Part:
    """Of a host; of anything else nothing. `brought` is where results from elsewhere are kept."""
    kind, name = subject
    if kind != "host":
        return Part()
    try:
        way = open_(name)
        with closing(way.runner):
            return part(evaluate(way.runner, name, sudo=way.sudo), at)
    except AbsentError as error:
        return _brought(brought, name, at) or unused(f"{error}")
    except DeviceError as error:
        return _brought(brought, name, at) or unasked(error.cause)
    except UnusableError as error:
        return lost(f"{error}")


def _brought(folder: Path, name: str, at: datetime) -> Part | None:
    try:
        found = kept(folder, name)
    except UnusableError as error:
        return lost(f"{error}")
    return part(found, at, "oscap, imported:") if found is not None else None
