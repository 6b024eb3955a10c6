"""What the network says of itself: collected once, judged elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from infra_ctl.drivers.base import ConfigDriver, DeviceState, Ping
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError
from infra_ctl.intent.expectations import Reachable


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a target answered in packets of its path's MTU, and if not, whether small ones got through."""

    full: bool
    small: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """One look at the network. A device that could not be asked has its error in the place of its state."""

    states: Mapping[str, DeviceState | DeviceError]
    answers: Mapping[Reachable, Answer | DeviceError]


def collect(
    fleet: Fleet,
    hostnames: Collection[str],
    questions: Iterable[Reachable],
    on_done: Callable[[str], None] = lambda _hostname: None,
) -> Evidence:
    """Ask every device for its state, and each source for the targets that should answer it."""
    by_source: defaultdict[str, list[Reachable]] = defaultdict(list)
    for question in questions:
        by_source[question.source].append(question)

    wanted = frozenset(hostnames)

    def look(hostname: str) -> tuple[DeviceState | None, dict[Reachable, Answer]]:
        """One session for all that is asked of a device."""
        with fleet.open(hostname) as device:
            state = device.state() if hostname in wanted else None
            if hostname in wanted:
                on_done(hostname)
            return state, _ask(device, by_source.get(hostname, []))

    states: dict[str, DeviceState | DeviceError] = {}
    answers: dict[Reachable, Answer | DeviceError] = {}
    # Those that ask others have the longest work: they begin first.
    for hostname, said in fleet.each(dict.fromkeys((*by_source, *hostnames)), look).items():
        asked = by_source.get(hostname, [])
        if isinstance(said, DeviceError):
            states |= {hostname: said} if hostname in wanted else {}
            answers |= dict.fromkeys(asked, said)
            continue
        state, replies = said
        states |= {hostname: state} if state is not None else {}
        answers |= replies
    return Evidence(states, answers)


def _ask(device: ConfigDriver, questions: list[Reachable]) -> dict[Reachable, Answer]:
    if not questions:
        return {}
    full = device.ping([Ping(each.address, each.source_address, each.mtu) for each in questions])
    silent = [each for each, ok in zip(questions, full, strict=True) if not ok]
    small = device.ping([Ping(each.address, each.source_address) for each in silent]) if silent else ()
    answers = {each: Answer(full=True, small=True) for each in questions}
    return answers | {each: Answer(full=False, small=ok) for each, ok in zip(silent, small, strict=True)}
