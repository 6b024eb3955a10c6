"""Hosts of a twin: behind which routers they stand, how the controller finds them, what is on their disk."""

from __future__ import annotations

import stat
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from infra_ctl.errors import LabError
from infra_ctl.intent.model import DeviceIntent
from infra_ctl.lab import host, keys, power, state, wiring
from infra_ctl.lab.city import twin_of
from infra_ctl.lab.host import network
from infra_ctl.lab.model import End, HostNode, TwinSpec, spec
from infra_ctl.lab.requirements import HOST_COMMANDS, requirements
from infra_ctl.lab.state import Fault, Folder, State
from infra_ctl.secrets import open_vault
from tests.unit.conftest import SmallCity
from tests.unit.lab.test_twin_spec import CPT, managed

Intents: TypeAlias = dict[str, DeviceIntent]

GATEWAYS = tuple(
    address(f"{network}{number}")
    for number in (2, 3)
    for address, network in ((IPv4Address, "10.18.0."), (IPv6Address, "2001:db8:9212::"))
)
APP = HostNode(
    "dc-app-1", "dc/servers", IPv4Interface("10.18.0.16/24"), IPv6Interface("2001:db8:9212::16/64"), GATEWAYS
)
NTP = HostNode("dc-ntp-1", "dc:management", IPv4Interface("10.20.0.16/24"), None, (IPv4Address("10.20.0.2"),))
CONTROLLER = IPv4Address("10.20.255.254")


def test_a_host_is_on_the_lan_of_its_zone_with_the_routers(intents: Intents) -> None:
    twin = spec("t", intents, hosts=(APP,))
    (zone,) = [segment for segment in twin.segments if segment.id == "dc/servers"]
    assert zone.ends == (End("dc-core1", "eth1.110"), End("dc-core2", "eth1.110"), End("dc-app-1", "eth0"))
    assert "t-dc-app-1" in twin.namespaces()
    assert twin.node("dc-app-1") == APP
    assert "link add eth0 mtu 1500 netns t-dc-app-1 type veth peer name l2 mtu 1500 netns t-lan" in (
        wiring.cables(twin)
    )


def test_the_controller_finds_hosts_through_the_routers_of_their_lan(intents: Intents) -> None:
    twin = spec("t", intents, hosts=(APP,))
    assert twin.ways() == {IPv4Network("10.18.0.0/24"): (IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"))}
    assert wiring.management(twin)[-1] == (
        "route add 10.18.0.0/24 src 10.20.255.254"
        " nexthop via 10.0.0.1 dev br0 onlink nexthop via 10.0.0.2 dev br0 onlink"
    )


def test_in_band_the_default_route_leads_to_hosts_too(intents: Intents) -> None:
    lines = wiring.management(spec("t", managed(intents), [CPT], in_band=True, hosts=(NTP,)))
    assert [line.split()[2] for line in lines if "nexthop" in line] == ["default"]


@pytest.mark.parametrize("name", ["dc-core1", "mgmt"])
def test_a_host_has_a_name_of_its_own(name: str, intents: Intents) -> None:
    with pytest.raises(LabError, match=f"node {name}: the name is taken"):
        spec("t", intents, hosts=(replace(APP, hostname=name),))


def test_a_host_leaves_by_any_gateway_of_each_family() -> None:
    assert network(APP, CONTROLLER) == [
        "link set eth0 down",
        "address flush dev eth0",
        "link set lo up",
        "link set eth0 up",
        "address add 10.18.0.16/24 dev eth0",
        "address add 2001:db8:9212::16/64 dev eth0 nodad",
        "route add 0.0.0.0/0 nexthop via 10.18.0.2 nexthop via 10.18.0.3",
        "route add ::/0 nexthop via 2001:db8:9212::2 nexthop via 2001:db8:9212::3",
    ]


def test_a_host_of_the_controllers_lan_asks_its_gateway_for_it() -> None:
    assert network(NTP, IPv4Address("10.20.0.254"))[-2:] == [
        "route add 10.20.0.254/32 nexthop via 10.20.0.2",
        "route add 0.0.0.0/0 nexthop via 10.20.0.2",
    ]


def test_state_keeps_hosts(intents: Intents, tmp_path: Path) -> None:
    kept = State(spec("t", intents, hosts=(APP, NTP_ON_SERVERS)), faults=(Fault("off", "dc-app-1"),))
    state.save(Folder(tmp_path), kept)
    assert state.load(tmp_path) == kept


NTP_ON_SERVERS = replace(NTP, segment="dc/servers")


def test_a_host_lets_the_controller_in_and_installs_from_it(intents: Intents, tmp_path: Path) -> None:
    twin = spec("t", intents, hosts=(APP,))
    keys.ensure(tmp_path, twin.machines)
    disk = {file.path: file for file in host.files(APP, twin, tmp_path)}
    public = (tmp_path / "controller.pub").read_text()
    for path, owner in (("root", "root"), ("home/infra", host.USER_ID)):
        file = disk[f"{path}/.ssh/authorized_keys"]
        assert (file.text, file.owner, file.mode) == (public, owner, 0o600)
    assert disk["etc/apt/sources.list"].text == "deb [trusted=yes] http://10.20.255.254/ ./\n"
    assert disk["etc/ssh/ssh_host_ed25519_key"].mode == stat.S_IRUSR | stat.S_IWUSR
    assert [line.split()[0] for line in keys.known_hosts(tmp_path).read_text().splitlines()] == [
        *("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.18.0.16"),
    ]


def test_hosts_of_two_labs_are_two_machines(intents: Intents, tmp_path: Path) -> None:
    twins = [spec(name, intents, hosts=(APP,)) for name in ("one", "two")]
    keys.ensure(tmp_path, twins[0].machines)
    ids = {
        file.text
        for twin in twins
        for file in host.files(APP, twin, tmp_path)
        if file.path == "etc/machine-id"
    }
    assert {len(each) for each in ids} == {33}
    assert len(ids) == 2


def test_a_shell_waits_for_what_runs_on_a_host(intents: Intents) -> None:
    """Nsenter itself would stop when a host that goes down stops the command, and hold it."""
    twin = spec("t", intents, hosts=(APP,))
    entered = power.enter_command(APP, 1, ("systemctl", "reboot"))
    assert entered[entered.index("--no-fork") :] == (
        *("--no-fork", "--", "/bin/sh", "-c", '"$@"; exit "$?"', "sh", "systemctl", "reboot"),
    )
    assert power.enter_command(twin.node("dc-core1"), 1, ("vtysh",))[-2:] == ("--", "vtysh")


# --- of the city


def city_twin(small: SmallCity, folder: Path, selector: str, *hosts: str, **options: Any) -> TwinSpec:
    return twin_of("t", small.city, small.city.select(selector), folder, hosts=hosts, **options)


def test_a_host_has_the_addresses_of_the_plan(small: SmallCity, tmp_path: Path) -> None:
    (node,) = city_twin(small, tmp_path, "role=core", "dc-app-1").hosts
    zone = [each for each in small.city.intents["dc-core1"].interfaces if each.circuit == "dc:servers"]
    assert zone[0].ipv4 is not None
    assert node.ipv4 is not None
    assert node.ipv4.network == zone[0].ipv4.network
    assert (str(node.ipv4.ip)[-3:], str(node.ipv6)[-7:]) == (".16", "::16/64")
    assert [str(each).replace(":", ".").split(".")[-1] for each in node.gateways] == ["2", "2", "3", "3"]


def test_a_host_that_no_router_leads_to_is_refused(small: SmallCity, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="host bk-app-1 is behind bk-r1, which this lab does not have"):
        city_twin(small, tmp_path, "role=core", "bk-app-1")


def test_host_parts_are_those_that_are_asked_for_or_that_hosts_are_behind(
    small: SmallCity, tmp_path: Path
) -> None:
    """Those that are ours have secrets of their own, and nobody else's day takes longer for them."""
    assert city_twin(small, tmp_path, "site=nk or role=core").parts == ()
    assert "snmp/auth" not in open_vault(tmp_path / "vault.yml", tmp_path / "vault-password")
    assert city_twin(small, tmp_path, "role=core or role=pop", "dc-app-1").parts == ("dc-core1", "dc-core2")
    everyone = small.city.select("")
    wanted = city_twin(small, tmp_path, "site=nk or site=nk-cai-khe", parts=everyone).parts
    assert wanted == ("nk-cai-khe-ce1", "nk-pop1")
    assert "snmp/auth" in open_vault(tmp_path / "vault.yml", tmp_path / "vault-password")
    with pytest.raises(LabError, match="none of the routers whose host part is wanted is in this lab"):
        city_twin(small, tmp_path, "role=core", parts=["nk-pop1"])


# --- the machine


def test_hosts_need_more_of_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    more = set(requirements(tmp_path, hosts=True)) - set(requirements(tmp_path))
    packages = {f"package {name} (apt install {name})" for name in HOST_COMMANDS.values()}
    assert packages <= more
    assert "package snmpd (apt install snmpd)" not in more
    assert "package snmpd (apt install snmpd)" in requirements(tmp_path, parts=True)


def test_watchers_grow_with_the_hosts_and_never_shrink(tmp_path: Path) -> None:
    setting = tmp_path / "max_user_instances"
    setting.write_text("128\n")
    host.widen_watchers(44, setting)
    assert int(setting.read_text()) == 832
    host.widen_watchers(2, setting)
    assert int(setting.read_text()) == 832


def test_control_groups_are_removed_from_the_leaves(
    intents: Intents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "CGROUPS", (tmp_path,))
    (tmp_path / "t-dc-app-1/payload/system.slice/ssh.service").mkdir(parents=True)
    (tmp_path / "t-dc-app-2").mkdir()
    host.forget(spec("t", intents, hosts=(APP,)), "dc-app-1")
    assert [path.name for path in tmp_path.iterdir()] == ["t-dc-app-2"]
