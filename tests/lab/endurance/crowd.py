"""An exporter with ten thousand targets of which nobody answers, and one that does.

python -m tests.lab.endurance.crowd path|video [OPTION…]

is `infra-ctl export` in all but its targets.
"""

from __future__ import annotations

import sys
from ipaddress import IPv4Address
from pathlib import Path

from exporters.catalogue import PATH, VIDEO
from exporters.path import PathExporter, options
from exporters.serving import serve
from exporters.video import OPTIONS, VideoExporter, open_many_files
from infra_ctl.monitor.targets import PathTarget, RoomTarget

DEAD = 10_000
FIRST = IPv4Address("198.18.0.1")
"""Of those who are nobody's."""
LIVING = IPv4Address("10.0.0.1")
ADDRESSES = {"living": LIVING, **{f"dead-{number}": FIRST + number for number in range(DEAD)}}


class Paths(PathExporter):
    def configure(self, inventory: Path) -> None:
        self.watch([PathTarget("site", name, "ipv4", at, "default") for name, at in ADDRESSES.items()])


class Rooms(VideoExporter):
    def configure(self, inventory: Path) -> None:
        transports = ("udp", "tcp")
        self.watch(
            [
                RoomTarget(name, "s", "sip", at, transports, None, "720p", "m")
                for name, at in ADDRESSES.items()
            ]
        )


if __name__ == "__main__":
    kind, *argv = sys.argv[1:]
    if kind == "path":
        serve(PATH, Paths, argv, *options())
    else:
        open_many_files()
        serve(VIDEO, Rooms, argv, *OPTIONS)
