"""Round trips as the probe loop's own code has them, beside the kernel's own timestamps on the wire.

A packet socket sees every request leave and every reply arrive, each with a timestamp of the kernel: their
difference is the truth. Prints how far ours are from it.
"""

from __future__ import annotations

import json
import socket
import statistics
import struct
import sys
import time
from ipaddress import IPv4Address

from infra_ctl.probe import sockets
from infra_ctl.probe.counters import Counters
from infra_ctl.probe.echo import Asked, Echoes
from infra_ctl.probe.schedule import LEAST_GAP
from infra_ctl.probe.targets import EchoTarget

ETH_P_ALL = 3
BREATH = 40
"""What goes out in one, as the loop has it with a thousand targets."""
FLOW = 24, 28
"""Where identifier and sequence stand in an IPv4 packet without options."""


def main(count: int, interface: str, first: IPv4Address) -> None:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    wire.bind((interface, ETH_P_ALL))
    wire.setsockopt(socket.SOL_SOCKET, sockets.SO_RCVBUFFORCE, 256 << 20)
    wire.setsockopt(socket.SOL_SOCKET, sockets.SO_TIMESTAMPNS, 1)
    ours = _probe(count, first)
    wire.setblocking(False)
    truth = _truth(wire)
    off = sorted(abs(took - truth[flow]) / 1000 for flow, took in ours.items())
    found = {"truth": statistics.median(truth.values()) / 1000}
    print(json.dumps({**found, "p50": _quantile(off, 0.5), "p99": _quantile(off, 0.99)}))


def _probe(count: int, first: IPv4Address) -> dict[bytes, int]:
    """Our round trips in nanoseconds, by identifier and sequence."""
    counters = Counters.create(2)
    echoes = Echoes(socket.AF_INET, counters, 1.0)
    took: dict[bytes, int] = {}
    for number in range(count):
        asked = echoes.asked(1, EchoTarget("", first + number))

        def end(asked: Asked, found: int | None) -> None:
            if found is not None:
                took[struct.pack("!HH", asked.identifier, asked.sequence)] = found

        echoes.send_for(asked, end)
        if number % BREATH == BREATH - 1:
            echoes.receive()
            time.sleep(LEAST_GAP)
    echoes.receive()
    echoes.close()
    counters.close()
    return took


def _truth(wire: socket.socket) -> dict[bytes, int]:
    """Nanoseconds from a request's leaving to its reply's arriving, by identifier and sequence."""
    left: dict[bytes, int] = {}
    took: dict[bytes, int] = {}
    for packet, stamp, _interface, _protocol in sockets.arrivals(wire):
        flow = packet[slice(*FLOW)]
        if stamp is not None and packet[20:21] == b"\x08":
            left[flow] = stamp
        elif stamp is not None and packet[20:21] == b"\0" and flow in left:
            took[flow] = stamp - left[flow]
    return took


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], IPv4Address(sys.argv[3]))
