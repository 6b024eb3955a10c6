"""The stack on a twin before anything runs: where it stands, what it is made of, what it reads."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from infra_ctl.city import City, load_city
from infra_ctl.errors import LabUsageError
from infra_ctl.lab import enter, forward, namespace, wiring
from infra_ctl.lab.city import Beside, host_node, twin_of
from infra_ctl.lab.model import TwinSpec
from infra_ctl.lab.monitor import vantage
from infra_ctl.lab.monitor.parts import PROGRAMS, missing, parts
from infra_ctl.lab.monitor.preparing import Wanted, places_of, prepared, slice_of_twin, stood_in
from infra_ctl.lab.monitor.processes import Bench
from infra_ctl.lab.state import Folder, State, load, save

REFERENCE = Path(__file__).parents[3] / "inventory"
CORES = ("dc-core1", "dc-core2")
ROUTERS = (*CORES, "nk-pop1", "nk-an-hoa-ce1")
INSTALLED = ("controller", "path", "reflector", "sd")


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(REFERENCE)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.of(tmp_path / "lab" / "t")


def twin(city: City, folder: Folder, routers: tuple[str, ...] = ROUTERS, *hosts: str) -> TwinSpec:
    return twin_of("t", city, routers, folder.root, Beside(hosts, ("nk-pop1",)))


def test_it_is_plugged_into_the_lan_of_the_host_that_it_stands_in_for(city: City, folder: Folder) -> None:
    spec = twin(city, folder)
    stand_in = host_node("dc-monitor-1", city, city.intents)
    (line,) = vantage.plugged(spec, stand_in.segment)
    index = [segment.id for segment in spec.segments].index("dc:management")
    assert line == f"link set monitor master s{index} up"
    assert any(f"link add s{index} " in each for each in wiring.lans(spec)), "the bridge is there"
    assert f"{stand_in.ipv4}" == "10.20.0.19/24"
    assert {str(each) for each in stand_in.gateways} >= {"10.20.0.2", "10.20.0.3"}


def test_a_lan_of_one_router_gets_its_bridge(city: City, folder: Folder) -> None:
    spec = twin(city, folder, ("dc-core1", "nk-pop1"))
    lines = vantage.plugged(spec, "dc:management")
    assert lines[0].startswith("link add s")
    assert lines[-1].startswith("link set monitor master s")


def test_a_host_that_is_booted_keeps_its_addresses(city: City, folder: Folder) -> None:
    spec = twin(city, folder, ROUTERS, "dc-monitor-1")
    with pytest.raises(LabUsageError, match="dc-monitor-1 is booted in this lab"):
        vantage.refuse_booted(spec, host_node("dc-monitor-1", city, city.intents))
    vantage.refuse_booted(twin(city, folder), host_node("dc-monitor-1", city, city.intents))


@pytest.mark.parametrize(
    ("host", "behind"), [(None, "dc-core1 or dc-core2"), ("bk-monitor-1", "bk-r1 or bk-r2")]
)
def test_without_its_routers_no_host_is_stood_in_for(
    city: City, folder: Folder, host: str | None, behind: str
) -> None:
    spec = twin(city, folder, ("nk-pop1", "nk-an-hoa-ce1"))
    with pytest.raises(LabUsageError, match=f"is behind {behind}, which this lab does not have"):
        stood_in(city, spec, host)
    with pytest.raises(LabUsageError, match="dc-monitor-1 is booted in this lab"):
        stood_in(city, twin(city, folder, ROUTERS, "dc-monitor-1"), None)


def test_only_one_host_monitors_and_only_what_is_there_is_watched(city: City, folder: Folder) -> None:
    spec = twin(city, folder, ROUTERS, "dc-app-1", "dc-monitor-1")
    found = slice_of_twin(city, spec, "bk-monitor-1", REFERENCE)
    assert found.hosts == ("bk-monitor-1", "dc-app-1")
    assert found.devices == tuple(sorted(ROUTERS)), "peers outside are nobody's to watch"
    assert found.parts == ("nk-pop1",)


def test_the_stack_is_rendered_for_the_slice_with_secrets_of_its_own(city: City, folder: Folder) -> None:
    spec = twin(city, folder)
    stack, stand_in = prepared(folder, city, spec, Wanted(REFERENCE, INSTALLED))
    places = places_of(folder)
    assert stand_in.hostname == stack.host == "dc-monitor-1"
    assert load_city(places.slice).intents.keys() == set(ROUTERS)
    assert "vault:" not in (places.config / "snmp.yml").read_text()
    names = (folder.monitor / "hosts").read_text().splitlines()
    assert "10.20.0.19 dc-monitor-1.cantho.example" in names
    assert not any("bk-" in each for each in names), "nobody is at those addresses"


def test_every_part_says_where_it_listens_and_how_it_is_found(city: City, folder: Folder) -> None:
    spec = twin(city, folder)
    stack, _ = prepared(folder, city, spec, Wanted(REFERENCE, INSTALLED))
    every = {part.name: part for part in parts(stack, spec, places_of(folder), INSTALLED)}
    own = {"prometheus", "alertmanager", "snmp-exporter", "blackbox-exporter", "node-exporter"}
    assert every.keys() == own | set(INSTALLED) | {f"frr-exporter {router}" for router in ROUTERS}
    prometheus = every["prometheus"]
    assert prometheus.url == "http://10.20.0.19:9090"
    assert every["reflector"].url == "UDP port 862 of the routers"
    assert {part.command[0] for part in every.values()} - {sys.executable} == set(PROGRAMS)
    assert [each for each in prometheus.command if "retention.time" in each] == [
        "--storage.tsdb.retention.time=6h"
    ]
    assert every["path"].command[-2:] == ("--stamp.port", "862")
    assert every["reflector"].command.count("--netns") == len(ROUTERS)
    assert every["frr-exporter nk-pop1"].router == "nk-pop1"
    assert {len(each.file.split()) for each in every.values()} == {1}
    hurried = parts(replace(stack, hurry=10), spec, places_of(folder), ("path",))
    assert "--probe.mtu-interval 30" in next(
        " ".join(part.command) for part in hurried if part.name == "path"
    )
    without = parts(stack, spec, places_of(folder), ("path",))
    assert not any("--stamp.port" in part.command for part in without), "nobody would answer"
    assert missing(INSTALLED) == ("video", "state")


def test_in_a_hurry_they_look_as_often_as_they_are_asked(city: City, folder: Folder) -> None:
    spec, installed = twin(city, folder), ("video", "state", "path")
    for hurry, options in ((1, ()), (10, ("--probe.interval", "3", "--media.window", "12"))):
        stack, _ = prepared(folder, city, spec, Wanted(REFERENCE, installed, hurry=hurry))
        every = {part.name: part for part in parts(stack, spec, places_of(folder), installed)}
        (at,) = (n for n, word in enumerate(every["video"].command) if word == "--web.listen-address")
        assert every["video"].command[at + 2 :] == options
        assert ("--sweep.interval" in every["state"].command) == (hurry > 1)
        assert "--probe.interval" not in every["path"].command, "it does once a second anyhow"


def test_a_part_that_does_not_run_is_told_by_its_own_log_alone(city: City, folder: Folder) -> None:
    """Logs stay when a stack ends: one that was there before is no cause."""
    spec = twin(city, folder)
    stack, _ = prepared(folder, city, spec, Wanted(REFERENCE, INSTALLED))
    bench, part = Bench(folder, spec), parts(stack, spec, places_of(folder), INSTALLED)[0]
    bench.log(part).parent.mkdir()
    bench.log(part).write_text("ts=1 see you next time\n")
    assert bench.failure(part) == "was not started"
    bench.pid_file(part).parent.mkdir()
    bench.pid_file(part).write_text("0\n")
    assert bench.failure(part) == f"has ended; its log {bench.log(part)} ends: ts=1 see you next time"


def test_a_browser_is_led_to_where_the_stack_stands(city: City, folder: Folder) -> None:
    spec = twin(city, folder)
    stand_in = host_node("dc-monitor-1", city, city.intents)
    state = State(spec, built=True, monitor=stand_in)
    folder.root.mkdir(parents=True, exist_ok=True)
    save(folder, state)
    assert load(folder.root) == state
    assert stand_in.management is not None
    assert forward.begins(state, stand_in.management) == "t-monitor"
    assert stand_in.ipv6 is not None
    assert forward.begins(state, stand_in.ipv6.ip) == "t-monitor"
    assert forward.begins(state, spec.controller) == "t-mgmt"
    assert forward.begins(State(spec, built=True), stand_in.management) == "t-mgmt"


def test_who_asks_as_a_monitoring_host_asks_from_where_the_stack_stands(
    city: City, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: list[str] = []
    monkeypatch.setattr(namespace, "enter", entered.append)
    spec = twin(city, folder, ROUTERS, "dc-app-1")
    folder.root.mkdir(parents=True, exist_ok=True)
    save(folder, State(spec, built=True))
    assert enter.enter_host(folder.root, ["bk-monitor-1", "dc-monitor-1"]) is None
    save(folder, State(spec, built=True, monitor=host_node("dc-monitor-1", city, city.intents)))
    assert enter.enter_host(folder.root, ["bk-monitor-1", "dc-monitor-1"]) == "dc-monitor-1"
    assert enter.enter_host(folder.root, ["dc-app-1"]) == "dc-app-1"
    assert entered == ["t-monitor", "t-dc-app-1"]
