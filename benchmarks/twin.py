"""The live machines of a benchmark: the city or a part of it, as a lab with an inventory of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.targets import Target, Targets, write
from infra_ctl.city import City, load_city
from infra_ctl.lab.state import require

REFERENCE = Path("inventory")
INFRA_CTL = (sys.executable, "-m", "infra_ctl.cli.app")


@dataclass(frozen=True, slots=True)
class Twin:
    """A booted and deployed city; everything of it is below `folder`."""

    folder: Path
    city: City
    name: str = "bench"

    @classmethod
    def boot(cls, folder: Path, name: str = "bench", *part: str) -> Twin:
        """`part` is what `lab up` is told; it tells nothing for all routers."""
        shutil.copytree(REFERENCE, folder / "inventory")
        twin = cls(folder, load_city(folder / "inventory"), name)
        try:
            twin.run("lab", "up", *part)
            twin.run("deploy", "--yes", "--reason", "benchmark")
            twin.run("verify", "--wait", "120")
            twin.run("plan")
        except BaseException:
            twin.down()
            raise
        targets = Targets(
            devices=tuple(Target(name, str(twin.city.intents[name].management)) for name in twin.devices),
            username="root",
            key_file=str(twin.home / "keys" / "controller"),
            known_hosts=str(twin.home / "keys" / "known_hosts"),
        )
        write(twin.targets, targets)
        return twin

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory"

    @property
    def devices(self) -> tuple[str, ...]:
        """The routers that it has, in the order of the city."""
        nodes = {node.hostname for node in require(self.home).spec.nodes}
        return tuple(name for name in self.city.intents if name in nodes)

    @property
    def home(self) -> Path:
        return self.folder / "var" / "lab" / self.name

    @property
    def targets(self) -> Path:
        return self.folder / "targets.json"

    @property
    def env(self) -> Mapping[str, str]:
        return {
            "INFRA_CTL_CONTEXT": f"lab:{self.name}",
            "INFRA_CTL_INVENTORY": str(self.inventory),
            "INFRA_CTL_VAR": str(self.folder / "var"),
        }

    @property
    def inside(self) -> tuple[str, ...]:
        """What runs a peer where the routers can be reached; our own commands go there by themselves."""
        return ("ip", "netns", "exec", f"{self.name}-mgmt")

    def run(self, *arguments: str) -> None:
        """What it says is no figure: it goes where the progress goes."""
        print(f"$ infra-ctl {' '.join(arguments)}", file=sys.stderr)
        subprocess.run(
            (*INFRA_CTL, *arguments), env={**os.environ, **self.env}, stdout=sys.stderr, check=True
        )

    def down(self) -> None:
        self.run("lab", "down")
