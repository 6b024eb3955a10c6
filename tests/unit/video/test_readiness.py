"""The test of a meeting without a network: bursts by a loop of the test's own, on a clock that it moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import pytest

from infra_ctl.city import City, load_city
from infra_ctl.errors import UnusableError
from infra_ctl.monitor.targets import RegistrarTarget, RoomTarget, room_targets
from infra_ctl.probe.counters import Reading
from infra_ctl.probe.prober import Prober
from infra_ctl.probe.sip.bindings import Binding
from infra_ctl.probe.sip.client import Answer
from infra_ctl.probe.sip.message import Response
from infra_ctl.probe.targets import EchoTarget, Pace, Target
from infra_ctl.video import path, readiness
from infra_ctl.video.readiness import ECHOES, PACE, PATIENCE, Echoes, examine
from infra_ctl.video.sight import Entry, Looking, Sight

DEAD = EchoTarget("site dead", ip_address("192.0.2.1"))


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(Path(__file__).parents[3] / "inventory")


class Loop:
    """Sends from when it has started, `pace` a second; what is in `dead` is lost, and all else comes back."""

    def __init__(self, start: float = 0.0, pace: float = 1 / PACE.interval) -> None:
        self.now, self.start, self.pace = 0.0, start, pace
        self.orders: list[list[str]] = []
        self.dead: set[str] = {DEAD.name}
        self.began = 0.0
        self.ensured = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def configure(self, targets: Sequence[Target], pace: Pace) -> None:
        assert pace == PACE
        self.now += self.start
        self.began = self.now
        self.orders.append([each.name for each in targets])

    def readings(self) -> Mapping[str, Reading]:
        sent = max(0, int((self.now - self.began - PACE.timeout + 1e-6) * self.pace))
        lost, well = (
            Reading(sent, (0,) * 14, 0, 0, 0, 0, None),
            Reading(0, (sent,), 0.01 * sent, 0, 0, 0, None),
        )
        return {name: lost if name in self.dead else well for name in self.orders[-1]}

    def ensure(self) -> bool:
        self.ensured += 1
        return False

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def ready(monkeypatch: pytest.MonkeyPatch, loop: Loop) -> Echoes:
    monkeypatch.setattr(readiness, "time", SimpleNamespace(monotonic=lambda: loop.now, sleep=loop.sleep))
    monkeypatch.setattr(readiness, "Prober", lambda: loop)
    prober: Prober = readiness.Prober()
    return Echoes(prober)


@pytest.mark.parametrize("start", [0.0, 6.0, 59.0])
def test_a_dead_way_is_dead_however_long_the_loop_takes_to_start(
    monkeypatch: pytest.MonkeyPatch, start: float
) -> None:
    loop = Loop(start)
    echoes = ready(monkeypatch, loop)
    echoes.begin([DEAD])
    echoes.end()
    found = echoes.path(DEAD)
    assert found is not None
    assert (found.is_dead, found.sent) == (True, ECHOES)
    assert loop.now == pytest.approx(start + 5)


def test_a_slow_loop_is_waited_for_and_begun_again_where_it_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = Loop(pace=20)
    echoes = ready(monkeypatch, loop)
    echoes.begin([DEAD])
    echoes.end()
    assert loop.ensured > 0
    assert echoes.paths[DEAD.name].sent == ECHOES


def test_a_way_to_which_nothing_was_sent_is_no_good_way(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(pace=(path.FEW - 1) / (PATIENCE + ECHOES * PACE.interval))
    echoes = ready(monkeypatch, loop)
    echoes.begin([DEAD])
    with pytest.raises(UnusableError, match="only 9 echoes went to site dead"):
        echoes.end()


def test_what_was_sent_echoes_once_is_not_sent_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop()
    echoes = ready(monkeypatch, loop)
    for _ in range(2):
        echoes.begin([DEAD])
        echoes.end()
    assert len(loop.orders) == 1
    assert not echoes.is_under_way
    assert echoes.path(None) is None


def registered(room: RoomTarget) -> Sight:
    entry = Entry((Binding("sip:r", str(room.address), 60),), 0)
    return Sight({"udp": Answer(Response(200, "OK", {}))}, entries={"dc-registrar-1": entry})


def test_a_closer_look_is_taken_where_something_is_wrong(monkeypatch: pytest.MonkeyPatch, city: City) -> None:
    """The way to one room is dead; another room does not answer, and a third is well."""
    cut, off, well = [each for each in room_targets(city) if each.protocol == "sip"][:3]
    loop = Loop()
    ready(monkeypatch, loop)
    loop.dead = {f"echo site {cut.site} ipv4 video", f"room {off.room}"}

    async def room(_self: Looking, target: RoomTarget, *_: object, **_more: object) -> Sight:
        return Sight({"udp": Answer(failure="nobody answers")}) if target == off else registered(target)

    async def registrar(_self: Looking, _target: RegistrarTarget) -> Sight:
        return Sight({"udp": Answer(Response(200, "OK", {}))})

    monkeypatch.setattr(Looking, "room", room)
    monkeypatch.setattr(Looking, "registrar", registrar)
    found = examine(city, [cut, off, well], None, lambda *_: None)
    first, second = loop.orders
    assert first == [f"echo site {each.site} ipv4 video" for each in (cut, off, well)]
    assert set(second) >= {f"room {off.room}", f"echo site {cut.site} ipv4 default"}
    assert not any(well.site in name or off.site in name for name in second if name != f"room {off.room}")
    assert {each.target.room: each.is_ready for each in found.rooms} == {
        cut.room: False,
        off.room: False,
        well.room: True,
    }
    assert found.paths.keys() == {each.removeprefix("echo ") for each in (*first, *second)}
    assert f"site {cut.site} ipv4 video" in found.paths
    assert found.sights.keys() == {"dc-registrar-1", "bk-registrar-1"}
