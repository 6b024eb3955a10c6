"""What can be wrong with a circuit: it carries nothing, it loses, it is slow.

Cuts and losses are nftables rules on what arrives at its ends, before anything of the node sees it. They are
in the nodes' own namespaces: a node that flushes its whole ruleset, other tables' too, takes them away.
All can be done twice, and undone twice.
"""

from __future__ import annotations

from infra_ctl.lab import namespace
from infra_ctl.lab.model import End, Link, TwinSpec

TABLE = "infra_ctl_lab"

GRAIN = 100_000
"""The finest share of packets that can be lost is one in so many."""

VIDEO = ("ip dscp af41", "ip6 dscp af41")
"""What is marked for the class of video, by family."""

TICK = 0.004
"""Seconds: a bucket must hold what flows in a tick of the kernel, or the rate is not reached (tc-tbf(8))."""


def cut(spec: TwinSpec, link: Link, *, dark: bool) -> None:
    """Nothing passes; where `dark`, both ends lose carrier as well."""
    for end in (link.a, link.z):
        _drop(spec, end, "cut", "drop")
        if dark:
            _set(spec, end, "down")


def mend(spec: TwinSpec, link: Link, *, dark: bool) -> None:
    """The end of a cut."""
    for end in (link.a, link.z):
        _pass(spec, end, "cut")
        if dark:
            _set(spec, end, "up")


def lose(spec: TwinSpec, link: Link, ratio: float, *, video: bool) -> None:
    """Drop a share of the packets of each direction, at random; `ratio` between 0 and 1.

    Of `video` alone, or of all.
    """
    share = min(GRAIN - 1, max(1, round(ratio * GRAIN)))
    drop = f"numgen random mod {GRAIN} < {share} drop"
    for end in (link.a, link.z):
        _drop(spec, end, "loss", *([f"{each} {drop}" for each in VIDEO] if video else [drop]))


def keep(spec: TwinSpec, link: Link) -> None:
    """The end of a loss."""
    for end in (link.a, link.z):
        _pass(spec, end, "loss")


def limit(spec: TwinSpec, link: Link, mbps: float) -> None:
    """Each direction carries no more than so many Mbit/s, with a queue of at most 50 ms."""
    burst = max(16384, round(mbps * 1e6 / 8 * TICK))
    for end in (link.a, link.z):
        _queue(spec, end, "tbf", "rate", f"{round(mbps * 1000)}kbit", "burst", f"{burst}", "latency", "50ms")


def widen(spec: TwinSpec, link: Link) -> None:
    """The end of a limit."""
    for end in (link.a, link.z):
        _queue(spec, end, "noqueue")


def _drop(spec: TwinSpec, end: End, why: str, *rules: str) -> None:
    chain = f"{TABLE} {why}-{end.interface}"
    _nft(
        spec,
        end,
        f"add table netdev {TABLE}",
        f'add chain netdev {chain} {{ type filter hook ingress device "{end.interface}" priority -500; }}',
        f"flush chain netdev {chain}",
        *(f"add rule netdev {chain} {rule}" for rule in rules),
    )


def _pass(spec: TwinSpec, end: End, why: str) -> None:
    """Added first, so that there is something to delete whether it was there or not."""
    chain = f"{TABLE} {why}-{end.interface}"
    _nft(
        spec,
        end,
        f"add table netdev {TABLE}",
        f"add chain netdev {chain}",
        f"flush chain netdev {chain}",
        f"delete chain netdev {chain}",
    )


def _nft(spec: TwinSpec, end: End, *lines: str) -> None:
    namespace.run(("nft", "-f", "-"), "\n".join((*lines, "")), spec.namespace(end.node))


def _queue(spec: TwinSpec, end: End, *discipline: str) -> None:
    command = ("tc", "qdisc", "replace", "dev", end.interface, "root", *discipline)
    namespace.run(command, within=spec.namespace(end.node))


def _set(spec: TwinSpec, end: End, way: str) -> None:
    namespace.batch([f"link set {end.interface} {way}"], spec.namespace(end.node))
