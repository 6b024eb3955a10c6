"""What calls infra-ctl again and again: a timer and a service of systemd's a job, or a crontab. Pure.

Neither knows a calendar of audits.yaml: they call, and `audit --due` says what is due.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from pathlib import Path
from types import MappingProxyType

from infra_ctl.render import schedule_text

MARK = "# Written by infra-ctl schedule install, which replaces it as a whole."
"""First line of what is ours."""
SECRETS = Path("/etc/infra-ctl/schedule.env")
"""Variables that nobody else may read, such as a journal's URL with a password; it may be missing."""
CRONTAB = "infra-ctl"


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is called by the clock: a quarter of an hour each, or at an hour of UTC."""

    words: str
    description: str
    at: time | None = None

    @property
    def calendar(self) -> str:
        """As systemd writes it."""
        return "*:0/15" if self.at is None else f"*-*-* {self.at:%H:%M} UTC"

    def cron(self, zone: tzinfo | None) -> str:
        """As cron does, on the clock of its machine; None is the one that we are on."""
        if self.at is None:
            return "*/15 * * * *"
        local = datetime.combine(datetime.now(UTC).date(), self.at, UTC).astimezone(zone)
        return f"{local.minute} {local.hour} * * *"


JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "audit": Job("audit --due", "infra-ctl: audits that are due"),
        "backup": Job("backup", "infra-ctl: backup of what devices and hosts run", time(19, 30)),
        "drift": Job("drift", "infra-ctl: what was changed by hand", time(22, 30)),
    }
)
"""By name. Half past two and half past five in the morning, in the city."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, with which program, and what it is told."""

    program: tuple[str, ...]
    user: str
    var: Path
    environment: Mapping[str, str]
    """INFRA_CTL_…: which inventory, context and keys."""
    writes: tuple[Path, ...]
    """Folders that it writes into; all else is there to be read."""
    is_hardened: bool
    """Who enters a twin needs what a hardened service is not given."""


def units(names: Iterable[str], caller: Caller) -> Mapping[str, str]:
    """A service and a timer a job, by the names of their files."""
    values = {
        "mark": MARK,
        "user": caller.user,
        "environment": [_quoted(f"{name}={value}") for name, value in caller.environment.items()],
        "secrets": SECRETS,
        "var": _escaped(str(caller.var)),
        "writes": [_quoted(str(each)) for each in caller.writes],
        "is_hardened": caller.is_hardened,
    }
    found = {}
    for name in names:
        job = JOBS[name]
        command = " ".join((*map(_quoted, caller.program), job.words))
        for kind in ("service", "timer"):
            found[unit(name, kind)] = schedule_text(kind, job=job, command=command, **values)
    return found


def crontab(names: Iterable[str], caller: Caller, zone: tzinfo | None = None) -> Mapping[str, str]:
    """One file for cron.d; what is said goes to the system's log, and not into somebody's mail."""
    lines = [
        f"{JOBS[name].cron(zone)} {caller.user} {_in_cron(caller, JOBS[name])} 2>&1 | logger -t infra-ctl"
        for name in names
    ]
    environment = [f"{name}={value}" for name, value in caller.environment.items()]
    return {CRONTAB: schedule_text("crontab", mark=MARK, environment=environment, lines=lines)}


def unit(name: str, kind: str) -> str:
    """`infra-ctl-audit.timer`."""
    return f"infra-ctl-{name}.{kind}"


def _in_cron(caller: Caller, job: Job) -> str:
    """A line of cron's ends at a per cent sign."""
    return f"{shlex.join(caller.program)} {job.words}".replace("%", r"\%")


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """As one word of a unit, whatever is in it."""
    return '"' + _escaped(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
