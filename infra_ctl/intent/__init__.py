"""What all should be: addresses, topology, stages of IPv6, one intent a device and one a host."""

from infra_ctl.intent.allocation import Allocations, allocate, missing, relocked, stale
from infra_ctl.intent.build import build
from infra_ctl.intent.host import HostIntent
from infra_ctl.intent.hosts import HostIntents
from infra_ctl.intent.lock import format_lock, parse_lock
from infra_ctl.intent.model import DeviceIntent
from infra_ctl.intent.part import HostPart, HostParts

__all__ = [
    "Allocations",
    "DeviceIntent",
    "HostIntent",
    "HostIntents",
    "HostPart",
    "HostParts",
    "allocate",
    "build",
    "format_lock",
    "missing",
    "parse_lock",
    "relocked",
    "stale",
]
