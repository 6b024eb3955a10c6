"""The rules of exporters/rules with the inventory's numbers put in, and what only the inventory can say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from infra_ctl.city import City
from infra_ctl.errors import UnusableError
from infra_ctl.intent.topology import links
from infra_ctl.inventory.monitoring import Media, VideoClass
from infra_ctl.monitor.files import MonitorFile, Value
from infra_ctl.monitor.hurry import hurried, span
from infra_ctl.monitor.targets import labels_of, registrar_targets

FOLDER = "rules"
_RESERVED = "inventory"
"""Of the file that no template is of."""
SHORTEST_WINDOW = 60
"""Seconds; rates of paths want four samples in it."""
_PLACE = re.compile("<<([^<>]*)>>")
_TEMPLATES = Path(__file__).resolve().parents[2] / "exporters/rules"
"""Beside the package, in a checkout as where it is installed."""


def rule_files(city: City, overrides: Path | None = None, hurry: int = 1) -> tuple[MonitorFile, ...]:
    """All of them by name; a city's own folder of templates goes before ours. Raises UnusableError."""
    given = _templates(_TEMPLATES) | (_templates(overrides) if overrides else {})
    written = [
        MonitorFile(f"{FOLDER}/{name}.yml", hurried(filled(_read(path), city, path.name), hurry))
        for name, path in sorted(given.items())
    ]
    return (*written, MonitorFile(f"{FOLDER}/{_RESERVED}.yml", _from_inventory(city, hurry)))


def _templates(folder: Path) -> dict[str, Path]:
    """By the name without its ending. Raises UnusableError where one is nobody's to give, or given twice."""
    found: dict[str, Path] = {}
    for path in sorted(each for each in folder.iterdir() if each.suffix in (".yml", ".yaml")):
        if path.stem == _RESERVED:
            raise UnusableError(f"{path}: what the inventory says has that name: give it another")
        if path.stem in found:
            raise UnusableError(f"{path}: {found[path.stem].name} is there too: which is it?")
        found[path.stem] = path
    return found


def _read(path: Path) -> str:
    """Raises UnusableError."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        raise UnusableError(f"{path}: {os.strerror(exc.errno or 0)}") from exc
    except UnicodeDecodeError as exc:
        raise UnusableError(f"{path} is not UTF-8 text: {exc.reason} at byte {exc.start}") from exc


def numbers(city: City) -> Mapping[str, str]:
    """What stands in place of `<<name>>`: durations in seconds."""
    monitoring = city.inventory.monitoring
    window = max(SHORTEST_WINDOW, 4 * monitoring.intervals.path)
    found = {name: f"{value:.15g}" for name, value in monitoring.thresholds}
    return {**found, "window": str(window), "runbooks": monitoring.runbooks.rstrip("/")}


def filled(text: str, city: City, name: str) -> str:
    """A template with its numbers. Raises UnusableError where it asks for one that there is not."""
    known = numbers(city)

    def number(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise UnusableError(f"{name}: no threshold is called <<{match[1]}>> (known: {', '.join(known)})")
        return known[match[1]]

    return _PLACE.sub(number, text)


def _from_inventory(city: City, hurry: int) -> Value:
    """Which interface is a circuit's, and what is promised: no exporter can know."""
    groups = (
        ("infra-interfaces", _interfaces(city)),
        ("infra-promises", _promises(city)),
        ("infra-registrars", _registrars(city)),
    )
    interval = span("1m", hurry)
    return {"groups": [{"name": name, "interval": interval, "rules": list(rules)} for name, rules in groups]}


def _interfaces(city: City) -> Iterator[Value]:
    """The z end of each circuit: a site's own end tells what it sends and receives. Its a end is the head."""
    for link in links(city.inventory):
        if link.kind == "circuit":
            head = {"circuit": link.id, "device": link.a.device.hostname}
            yield _fact("circuit:head:info", "vector(1)", head)
            labels = {"circuit": link.id, "device": link.z.device.hostname, "ifName": link.z.interface}
            yield _fact("circuit:interface:info", "vector(1)", labels)


def _promises(city: City) -> Iterator[Value]:
    inventory, objectives = city.inventory, city.inventory.monitoring.objectives
    for name, contract in sorted(objectives.circuits.items()):
        promised = f"vector({inventory.contracts[contract].sla:.10g})"
        yield _fact("circuit_class:availability_objective:ratio", promised, {"circuit_class": name})
    for level, ratio in sorted(objectives.systems.items()):
        promised = f"vector({ratio:.10g})"
        yield _fact("level:availability_objective:ratio", promised, {"level": str(level)})
    for name in get_args(VideoClass):
        rating = f"vector({inventory.monitoring.media.get(name, Media()).rating:g})"
        yield _fact("video_class:media_rating_limit:min", rating, {"video_class": name})


def _registrars(city: City) -> Iterator[Value]:
    for registrar in registrar_targets(city):
        labels = {"registrar": registrar.registrar, **labels_of(city, registrar.site)}
        yield _fact("registrar:place:info", "vector(1)", labels)


def _fact(record: str, expression: str, labels: Mapping[str, str]) -> Value:
    return {"record": record, "expr": expression, "labels": dict(labels)}
