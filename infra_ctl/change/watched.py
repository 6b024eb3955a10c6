"""Which paths a wave could cut: those to its own devices, and all where others hang on one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from infra_ctl.change.waves import leaves
from infra_ctl.change.wiring import pairs
from infra_ctl.intent.expectations import LOOPBACK, Reachable, cores, from_cores
from infra_ctl.intent.model import DeviceIntent


def watched(
    intents: Mapping[str, DeviceIntent], present: Collection[str], waves: Iterable[Collection[str]]
) -> tuple[tuple[Reachable, ...], ...]:
    """For each wave the ways from the cores to loopbacks of devices in `present`."""
    at_the_end = leaves(pairs(intents), cores(intents, intents))
    loopbacks = [each for each in from_cores(intents, present) if each.what == LOOPBACK]
    return tuple(
        tuple(each for each in loopbacks if each.target in wave or not at_the_end.issuperset(wave))
        for wave in waves
    )
