"""A small living slice of the city: two wards, their PoP and both cores, with a journal of its own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from infra_ctl.lab import faults, namespace
from infra_ctl.lab.model import Link, TwinSpec
from tests.lab.city_slice import (
    AN_HOA,
    BY_HAND,
    COMMAND,
    POP,
    THOI_BINH,
    CitySlice,
    Done,
    Running,
    until,
)
from tests.lab.faults.database import Database, File, Postgres
from tests.postgresql import server

HOSTS = AN_HOA, THOI_BINH, POP
"""Two in the first wave, one in the second."""
SLICE = f"dc-core1 or dc-core2 or {' or '.join(HOSTS)}"
SELECTOR = " or ".join(HOSTS)
TIMER = 8
"""Seconds until a router takes back what nobody confirmed."""


@dataclass(frozen=True)
class Ground:
    """A slice that is up and deployed; `new` is what its routers run when all is well."""

    city: CitySlice
    database: Database
    new: Mapping[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> TwinSpec:
        return self.city.spec

    @property
    def root(self) -> Path:
        """The lab's folder."""
        return self.city.lab.root

    def circuit(self, hostname: str) -> Link:
        """The first one that a router hangs on."""
        return next(link for link in self.spec.links if hostname in (link.a.node, link.z.node))

    def carries(self, link: Link) -> bool:
        """Whether a ping gets from one end to the other, over this link and no other."""
        addresses = self.city.on(link.z.node, "ip", "-4", "-br", "address", "show", "dev", link.z.interface)
        ping = f"ping -c 1 -W 1 -I {link.a.interface} {addresses.split()[2].partition('/')[0]}"
        return self.city.on(link.a.node, "sh", "-c", f"{ping} >/dev/null && echo yes || echo no") == "yes\n"

    def start(self, *arguments: str, command: tuple[str, ...] = COMMAND) -> Running:
        return self.city.start(
            *arguments, command=command, environment={"INFRA_CTL_JOURNAL": self.database.url}
        )

    def run(self, *arguments: str) -> Done:
        return self.start(*arguments).end()

    def deploy(self, command: tuple[str, ...] = COMMAND) -> Running:
        """A deployment of what `edit` did."""
        return self.start("deploy", "--yes", "--timer", str(TIMER), SELECTOR, command=command)

    def texts(self) -> dict[str, str]:
        """What the routers run."""
        with ThreadPoolExecutor(len(HOSTS)) as pool:
            return dict(zip(HOSTS, pool.map(self.city.running, HOSTS), strict=True))

    def edit(self) -> dict[str, str]:
        """Change a line of each by hand, which is the old configuration then; what they run."""
        with ThreadPoolExecutor(len(HOSTS)) as pool:
            list(pool.map(lambda host: self.city.edit(host, *BY_HAND), HOSTS))
        return self.texts()

    def is_pending(self) -> bool:
        """Whether a timer ticks on any of them."""
        return any(map(self.city.is_pending, HOSTS))

    def restore(self) -> None:
        """Bring back what a trial left behind, without the help of what is tested."""
        faults.heal(self.root)
        with suppress(AssertionError):
            until(lambda: not self.is_pending(), 60)
        for host in HOSTS:
            self.city.on(host, "rm", "-rf", "/var/lib/infra-ctl/pending")
        for host, text in self.texts().items():
            if text != self.new[host]:
                reload = "cat >/tmp/new.conf && /usr/lib/frr/frr-reload.py --reload --stdout /tmp/new.conf"
                self.city.on(host, "sh", "-c", reload, text=self.new[host])
            self.city.on(host, "rm", "-f", "/var/lib/infra-ctl/lease")


@contextmanager
def ground(name: str, home: Path, *, postgresql: bool = False) -> Iterator[Ground]:
    """Boot a slice and deploy it, for the block."""
    with _database(home, postgresql=postgresql) as database:
        site = Ground(CitySlice(name, home), database)
        site.city.reset_inventory()
        try:
            _well(site.run("lab", "up", SLICE))
            if postgresql:
                _well(site.run("db", "upgrade"))
            _well(site.run("deploy", "--yes"))
            yield Ground(site.city, database, site.texts())
        finally:
            site.run("lab", "down")


@contextmanager
def _database(home: Path, *, postgresql: bool) -> Iterator[Database]:
    if postgresql:
        with server() as running:
            running.create("journal")
            yield Postgres(running, "journal")
        return
    file = File(home / "journal")
    file.mount()
    try:
        yield file
    finally:
        file.unmount()


def _well(done: Done) -> None:
    assert done.code == 0, done


def drop(where: str, interface: str, share: int) -> None:
    """Lose so many of a hundred packets that arrive at an interface; none for 0."""
    lines = ["add table netdev fault", "delete table netdev fault"]
    if share:
        chain = f'type filter hook ingress device "{interface}" priority -400;'
        lines += ["add table netdev fault", f"add chain netdev fault {interface} {{ {chain} }}"]
        lines += [f"add rule netdev fault {interface} numgen random mod 100 < {share} counter drop"]
    namespace.run(("nft", "-f", "-"), "".join(f"{line}\n" for line in lines), where)


def dropped(where: str) -> int:
    """Packets that the rules of `drop` lost in a namespace."""
    rules = ("nft", "list", "table", "netdev", "fault")
    with namespace.inside(where):
        told = subprocess.run(rules, capture_output=True, text=True, check=True).stdout
    return sum(map(int, re.findall(r"counter packets (\d+)", told)))
