"""What looks at the traffic of a router: intrusion detection, and records of flows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.seen import Facts, Seen, no, one, shown
from infra_ctl.controls.exhibit import Fact, Line

SURICATA = ("Suricata-Main", "suricata")
SNORT = ("snort", "snort3")
_FLOWS = ("softflowd", "fprobe", "nfpcapd", "pmacctd", "hsflowd")
_COLLECTOR = re.compile(r"\s-n\s*(?P<place>\S+:\d+)|\s(?P<bare>[\d.]+:\d+)\s*$")
_CONFIGURED = r"(?:nfprobe_receiver|sfprobe_receiver)\s*[:\[\]\w]*\s*[:=]\s*(\S+)|collector\s*\{\s*ip=(\S+)"


def running(seen: Seen) -> Facts:
    """Suricata or Snort."""
    found = seen.running(*SURICATA, *SNORT)
    return one(found is not None, found or no("ps", "neither suricata nor snort runs"))


def packets(seen: Seen) -> Facts:
    """Suricata's own count; nobody looks at any where none runs."""
    if seen.running(*SNORT) and not seen.running(*SURICATA):
        raise UnansweredError("snort does not say how many packets it looked at")
    if not seen.running(*SURICATA):
        return one(0, no("ps", "neither suricata nor snort runs"))
    for found, line in seen.matches(seen.lines("suricata"), r"\"(?:kernel_packets|pkts)\": ?(\d+)"):
        return one(int(found[1]), line)
    raise UnansweredError("suricata: it does not say how many packets it looked at")


def rules_age(seen: Seen) -> Facts:
    """Of the newest file. Raises UnansweredError where there are none."""
    said = seen.matches(seen.lines("suricata"), r"^rules (\d+) ")
    stamps = [(int(found[1]), line) for found, line in said]
    if not stamps:
        raise UnansweredError("suricata: it is not installed, or has no rules")
    newest, line = max(stamps, key=lambda each: each[0])
    return one(seen.since(newest), line)


def flows(seen: Seen) -> Facts:
    """By the arguments or the configuration of what runs."""
    return tuple({fact.value: fact for fact in _flows(seen)}.values())


def _flows(seen: Seen) -> Iterator[Fact]:
    for program in _FLOWS:
        running = seen.running(program)
        if running is None:
            continue
        if (found := _COLLECTOR.search(seen.arguments(program))) is not None:
            place = found["place"] or found["bare"]
            yield Fact(place, Line("ps", running.number, f"{program} {place}"))
        for said, line in seen.matches(seen.file(r"/etc/(pmacct/.*|hsflowd)\.conf"), _CONFIGURED):
            yield Fact(said[1] or said[2], shown(line))
