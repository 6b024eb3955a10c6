"""What the stack is made of on a twin: every process, its command line, and how it shows that it is ready."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from infra_ctl.intent.model import Address
from infra_ctl.intent.openings import FRR_EXPORTER, NODE_EXPORTER, PORTS, STAMP
from infra_ctl.lab.model import TwinSpec
from infra_ctl.monitor.jobs import at
from infra_ctl.monitor.stack import ALERTMANAGER, BLACKBOX, DEFAULTS, EXPORTERS, PROMETHEUS, SD, SNMP, Stack

Again: TypeAlias = Literal["reload", "leave", "restart"]
"""What becomes of a part that runs already: it reads its configuration again, needs none, or cannot."""

SHORT = ("--storage.tsdb.retention.time=6h", "--storage.tsdb.retention.size=256MB")
"""What a twin's Prometheus keeps."""
REFLECTOR = "reflector"
LOOKS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "path": {"--probe.mtu-interval": 300},
        "video": {"--probe.interval": 30, "--media.window": 120},
        "state": {"--sweep.interval": 60},
    }
)
"""Seconds that exporters take if nobody says; in a hurry an Nth of them, as they are asked that often."""
PROGRAMS = (
    "prometheus",
    "prometheus-alertmanager",
    *(f"prometheus-{each}-exporter" for each in ("blackbox", "frr", "node", "snmp")),
)
"""That are not ours; each is in the package of its name."""
SPARING = {"GOMAXPROCS": "1", "GOGC": "50"}
"""For what runs a hundred times."""


@dataclass(frozen=True, slots=True)
class Part:
    """A process of the stack; `router` is on which one it runs, and empty where the stack stands."""

    name: str
    command: tuple[str, ...]
    address: Address
    port: int
    page: str
    """It is ready when this is answered; empty where it has no pages and says so in its log."""
    again: Again = "reload"
    router: str = ""

    @property
    def file(self) -> str:
        """What its files are called after: names of routers have no blank."""
        return f"monitor-{self.name.replace(' ', '-')}"

    @property
    def url(self) -> str:
        """Of its pages; what has none answers for the routers."""
        return (
            f"http://{at(self.address, self.port)}" if self.page else f"UDP port {self.port} of the routers"
        )


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts find what they read, and keep what they learn."""

    config: Path
    slice: Path
    data: Path


def parts(stack: Stack, spec: TwinSpec, places: Places, installed: Collection[str]) -> tuple[Part, ...]:
    """All that run; `installed` are the exporters of ours that there are."""
    return (
        *_own(stack, places),
        *_probers(stack, places),
        *_ours(stack, places, installed),
        *_reflector(stack, spec, places, installed),
        *_on_routers(stack),
    )


def missing(installed: Collection[str]) -> tuple[str, ...]:
    """Exporters that Prometheus would ask, and that there are none of."""
    return tuple(name for name in (*EXPORTERS, "sd", REFLECTOR) if name not in installed)


def _own(stack: Stack, places: Places) -> Iterator[Part]:
    here = stack.address
    yield Part(
        "prometheus",
        (
            "prometheus",
            f"--config.file={places.config / 'prometheus.yml'}",
            f"--storage.tsdb.path={places.data / 'prometheus'}",
            *SHORT,
            *_arguments(places, "prometheus"),
        ),
        here,
        PROMETHEUS,
        "/-/ready",
    )
    yield Part(
        "alertmanager",
        (
            "prometheus-alertmanager",
            f"--config.file={places.config / 'alertmanager.yml'}",
            f"--storage.path={places.data / 'alertmanager'}",
            *_arguments(places, "alertmanager"),
        ),
        here,
        ALERTMANAGER,
        "/-/ready",
    )


def _probers(stack: Stack, places: Places) -> Iterator[Part]:
    for name, port in (("snmp", SNMP), ("blackbox", BLACKBOX)):
        config = f"--config.file={places.config / f'{name}.yml'}"
        command = (f"prometheus-{name}-exporter", config, *_arguments(places, name))
        yield Part(f"{name}-exporter", command, stack.address, port, "/metrics")
    port = PORTS[NODE_EXPORTER]
    command = ("prometheus-node-exporter", f"--web.listen-address={stack.own(port)}")
    yield Part("node-exporter", command, stack.address, port, "/", again="leave")


def _ours(stack: Stack, places: Places, installed: Collection[str]) -> Iterator[Part]:
    for name, port in {**EXPORTERS, "sd": SD}.items():
        if name in installed:
            listening = ("--web.listen-address", stack.own(port))
            stamp = (
                ("--stamp.port", str(PORTS[STAMP]))
                if (name, REFLECTOR in installed) == ("path", True)
                else ()
            )
            command = (*_export(name, places), *listening, *stamp, *_hurried(name, stack.hurry))
            yield Part(name, command, stack.address, port, "/-/ready")


def _hurried(name: str, hurry: int) -> Iterator[str]:
    """Options of an exporter in a hurry; without one, it knows its own time."""
    for option, seconds in LOOKS.get(name, {}).items() if hurry > 1 else ():
        yield from (option, f"{max(1, seconds // hurry)}")


def _reflector(stack: Stack, spec: TwinSpec, places: Places, installed: Collection[str]) -> Iterator[Part]:
    """One for all sites. It binds the addresses that routers have when it starts."""
    if REFLECTOR in installed:
        namespaces = [word for router in stack.city.intents for word in ("--netns", spec.namespace(router))]
        command = (*_export(REFLECTOR, places), "--port", str(PORTS[STAMP]), *namespaces)
        yield Part(REFLECTOR, command, stack.address, PORTS[STAMP], "", again="restart")


def _on_routers(stack: Stack) -> Iterator[Part]:
    for router, intent in stack.city.intents.items():
        command = (
            "prometheus-frr-exporter",
            f"--web.listen-address={at(intent.management, PORTS[FRR_EXPORTER])}",
        )
        yield Part(
            f"frr-exporter {router}",
            command,
            intent.management,
            PORTS[FRR_EXPORTER],
            "/",
            again="leave",
            router=router,
        )


def _export(name: str, places: Places) -> tuple[str, ...]:
    return (sys.executable, "-m", "infra_ctl.cli.app", "export", name, "-i", str(places.slice))


def _arguments(places: Places, name: str) -> tuple[str, ...]:
    """As rendered, but for where its files are and how much it keeps."""
    text = (places.config / DEFAULTS / name).read_text(encoding="utf-8")
    words = shlex.split(text, comments=True)[0].removeprefix("ARGS=").split()
    return tuple(each for each in words if not each.startswith(("--config.file=", "--storage.")))
