"""How the stack of a twin is: its processes, what Prometheus cannot scrape, what Alertmanager would tell."""

from __future__ import annotations

import http.client
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra_ctl.lab import state
from infra_ctl.lab.monitor import vantage
from infra_ctl.lab.monitor.parts import Part, missing
from infra_ctl.lab.monitor.processes import Bench, Usage, fetch, usages
from infra_ctl.lab.monitor.running import remembered
from infra_ctl.lab.state import Folder

OBJECTS = ("circuit", "room", "registrar", "system", "host", "device", "neighbour")
SEEN_FROM = ("job", "instance")
APART = ("alertname", "severity", "city", "replica", "pop", "owner", *SEEN_FROM)
"""Labels that say nothing of what an alert is about."""


@dataclass(frozen=True, slots=True)
class PartStatus:
    """A part as it is; `failure` is empty where it is ready."""

    name: str
    url: str
    pid: int | None
    failure: str
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Target:
    """A target that Prometheus cannot scrape, and why."""

    job: str
    instance: str
    error: str


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert by Alertmanager: `active`, or `suppressed` by larger ones that explain it."""

    name: str
    severity: str
    about: str
    """All that it is about: `device=dc-core1 neighbour=nk-pop1 protocol=ospf site=dc`."""
    state: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """A stack as it is; what Prometheus and Alertmanager know is empty while they do not answer."""

    host: str
    hurry: int
    is_led_out: bool
    """Whether a router of its LAN is configured to lead on: otherwise nothing can be measured from there."""
    parts: tuple[PartStatus, ...]
    missing: tuple[str, ...]
    """Exporters that do not exist yet."""
    targets: int
    unscraped: int
    """Targets that nobody has looked at yet."""
    down: tuple[Target, ...]
    alerts: tuple[Alert, ...]

    @property
    def is_up(self) -> bool:
        return bool(self.parts) and not any(part.failure for part in self.parts)


def status(directory: Path, installed: Collection[str]) -> Status | None:
    """The stack of a lab, None where none is up. Raises UnknownError without a lab."""
    folder = Folder.of(directory)
    found = state.require(folder.root)
    if found.monitor is None:
        return None
    bench, every = Bench(folder, found.spec), remembered(folder)
    targets = _ask(bench, every, "prometheus", "/api/v1/targets?state=active")
    scraped = targets["data"]["activeTargets"] if targets else []
    return Status(
        host=found.monitor.hostname,
        hurry=found.hurry,
        is_led_out=vantage.is_led_out(found.spec, found.monitor),
        parts=_parts(bench, every),
        missing=missing(installed),
        targets=len(scraped),
        unscraped=sum(each["health"] == "unknown" for each in scraped),
        down=tuple(_target(each) for each in scraped if each["health"] == "down"),
        alerts=alerts(_ask(bench, every, "alertmanager", "/api/v2/alerts") or ()),
    )


def _parts(bench: Bench, every: tuple[Part, ...]) -> tuple[PartStatus, ...]:
    pids = {part: bench.pid(part) for part in every}
    taken = usages(pid for pid in pids.values() if pid is not None)
    return tuple(
        PartStatus(part.name, part.url, pid, bench.failure(part), taken.get(pid) if pid else None)
        for part, pid in pids.items()
    )


def _ask(bench: Bench, every: tuple[Part, ...], name: str, path: str) -> Any:
    """What a part's API answers; None where it does not."""
    part = next((each for each in every if each.name == name), None)
    if part is None:
        return None
    try:
        code, body = fetch(bench.namespace(part), part.address, part.port, path)
        return json.loads(body) if code == http.client.OK else None
    except (OSError, ValueError):
        return None


def _target(found: Any) -> Target:
    labels = found["labels"]
    return Target(labels["job"], labels["instance"], found["lastError"])


def alerts(found: Iterable[Any]) -> tuple[Alert, ...]:
    """As Alertmanager has them, what counts most first."""
    found = tuple(found)
    names = {each["fingerprint"]: each["labels"]["alertname"] for each in found}
    return tuple(sorted((_alert(each, names) for each in found), key=_weight))


def _weight(alert: Alert) -> tuple[bool, bool, str, str]:
    return alert.state != "active", alert.severity != "page", alert.name, alert.about


def _alert(found: Any, names: Mapping[str, str]) -> Alert:
    labels, told = found["labels"], found["status"]
    by = {names[each] for each in told["inhibitedBy"] if each in names}
    return Alert(
        labels["alertname"], labels.get("severity", ""), about(labels), told["state"], tuple(sorted(by))
    )


def about(labels: Mapping[str, str]) -> str:
    """What an alert is about, the object first; where it was seen from only where there is nothing else."""
    first = [name for name in OBJECTS if name in labels]
    rest = sorted(labels.keys() - {*first, *APART})
    shown = [*first, *rest] or [name for name in SEEN_FROM if name in labels]
    return " ".join(f"{name}={labels[name]}" for name in shown)
