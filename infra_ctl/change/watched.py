"""Which paths a wave could cut: those to its own devices, and all where others hang on one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from infra_ctl.change.waves import leaves
from infra_ctl.change.wiring import pairs
from infra_ctl.intent.expectations import LOOPBACK, Reachable, cores, from_cores
from infra_ctl.intent.model import DeviceIntent


def watched(
    intents: Mapping[str, DeviceIntent], present: Collection[str], waves: Iterable[Collection[str]]
) -> tuple[tuple[Reachable, ...], ...]:
    """For each wave the ways from the cores to loopbacks of devices in `present`."""
    at_the_end = leaves(pairs(intents), cores(intents, intents))
    loopbacks = tuple(each for each in from_cores(intents, present) if each.what == LOOPBACK)
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(loopbacks):
        numbers[each.target].append(number)

    def own(wave: Iterable[str]) -> tuple[Reachable, ...]:
        """Linear in a city that is changed wave by wave: nobody goes over all of it for each."""
        asked = sorted(chain.from_iterable(numbers.get(device, ()) for device in wave))
        return tuple(loopbacks[number] for number in asked)

    return tuple(own(wave) if at_the_end.issuperset(wave) else loopbacks for wave in waves)
