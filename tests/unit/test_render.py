"""From intents to text, against cases that FRR itself has printed (tests/cases/render/README.md)."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
from jinja2 import UndefinedError

import infra_ctl.render
from infra_ctl.intent import DeviceIntent, allocate, build
from infra_ctl.inventory import load
from infra_ctl.inventory.kinds import Stage
from infra_ctl.render import day0, render

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases/render"
NAMES = [
    "bk-r1",
    "bt-long-hoa-ce1",
    "dc-core1",
    "dc-edge1",
    "nk-an-hoa-ce1",
    "nk-an-hoa-ce1.routed",
    "nk-an-hoa-ce1.preferred",
    "nk-an-hoa-ce1.v6only",
    "nk-cai-khe-ce1",
    "nk-pop1",
]
BREAK = "{{ device.bgp.neighbours[0].weight }}"


def case(name: str) -> DeviceIntent:
    """A device of the small city, `<hostname>` or `<hostname>.<stage>`."""
    city = load(ROOT / "tests/cases/inventory/city")
    hostname, _, stage = name.partition(".")
    if stage:
        (site,) = [each for each in city.sites.values() if hostname == f"{each.id}-ce1"]
        moved = site.model_copy(update={"ipv6": Stage(stage)})
        city = city.model_copy(update={"sites": {**city.sites, site.id: moved}})
    return build(city, allocate(city, {}))[hostname]


@pytest.fixture
def edge() -> DeviceIntent:
    return case("dc-edge1")


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str) -> None:
    file = CASES / f"{name}.conf"
    text = render(case(name))
    if "UPDATE_CASES" in os.environ:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_every_case_is_rendered() -> None:
    assert sorted(file.name.removesuffix(".conf") for file in CASES.glob("*.conf")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_intent_gives_the_same_bytes(name: str) -> None:
    assert render(case(name)) == render(case(name))


@pytest.mark.parametrize("name", NAMES)
def test_text_is_clean(name: str) -> None:
    text = render(case(name))
    assert text.endswith("!\nend\n")
    assert text.isascii()
    lines = text.splitlines()
    assert all(line and line == line.rstrip() for line in lines)
    assert len(re.findall(r"^(?:interface|route-map|router|bfd)\b", text, re.MULTILINE)) == lines.count(
        "exit"
    )


def test_secrets_are_references(edge: DeviceIntent) -> None:
    for line in render(edge).splitlines():
        words = line.split()
        for keyword in ("password", "md5", "key"):
            if keyword in words:
                assert words[words.index(keyword) + 1].startswith("vault:")


def test_timers_that_frr_would_not_print_are_not_written(edge: DeviceIntent) -> None:
    assert " profile city-300-3\n exit\n" in render(edge)
    slower = render(replace(edge, bfd=replace(edge.bfd, interval_ms=1000, multiplier=5)))
    assert "  detect-multiplier 5\n  transmit-interval 1000\n  receive-interval 1000\n" in slower
    assert "ip ospf bfd profile city-1000-5\n" in slower


def test_a_reference_bandwidth_of_its_own_is_written_for_both_versions(edge: DeviceIntent) -> None:
    assert "reference-bandwidth" not in render(edge)
    assert render(replace(edge, reference_mbps=10000)).count(" auto-cost reference-bandwidth 10000\n") == 2


def test_kept_lines_stand_in_their_contexts(edge: DeviceIntent) -> None:
    kept = (
        ("router bgp 4200000092", "address-family ipv4 unicast", "maximum-paths 4"),
        ("interface eth9", "description kept by hand"),
        ("ip route 192.0.2.0/24 blackhole",),
    )
    text = render(replace(edge, kept=kept))
    family = " address-family ipv4 unicast\n  maximum-paths 4\n exit-address-family\n"
    interface = "interface eth9\n description kept by hand\nexit\n!\n"
    assert text.endswith(f"router bgp 4200000092\n{family}exit\n!\nip route 192.0.2.0/24 blackhole\n!\nend\n")
    assert text.index(interface) < text.index("router ospf6\n")


def test_a_family_without_sessions_is_not_opened(edge: DeviceIntent) -> None:
    assert edge.bgp is not None
    ipv4 = tuple(each for each in edge.bgp.neighbours if each.families == ("ipv4",))
    text = render(replace(edge, bgp=replace(edge.bgp, neighbours=ipv4)))
    assert "address-family ipv4 unicast" in text
    assert "address-family ipv6 unicast" not in text


def test_a_city_overrides_one_file(edge: DeviceIntent, tmp_path: Path) -> None:
    (tmp_path / "frr").mkdir()
    (tmp_path / "frr/bfd.conf.j2").write_text("! {{ device.hostname }} has no BFD here\n", encoding="utf-8")
    text = render(edge, tmp_path)
    assert "! dc-edge1 has no BFD here\n" in text
    assert "router ospf6\n" in text
    assert text != render(edge)


def test_what_an_intent_does_not_have_is_an_error(edge: DeviceIntent, tmp_path: Path) -> None:
    (tmp_path / "frr").mkdir()
    (tmp_path / "frr/bfd.conf.j2").write_text(BREAK, encoding="utf-8")
    with pytest.raises(UndefinedError, match="weight"):
        render(edge, tmp_path)


def test_an_installed_package_brings_its_templates(
    edge: DeviceIntent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copytree(ROOT / "templates", tmp_path / "templates")
    (tmp_path / "templates/frr/system.conf.j2").write_text("installed\n", encoding="utf-8")
    monkeypatch.setattr(infra_ctl.render, "_PACKAGE", tmp_path)
    assert render(edge, tmp_path / "none").startswith("installed\n")


def test_day_0_is_the_loopback_the_uplinks_and_ways_back() -> None:
    assert day0(case("nk-cai-khe-ce1")) == (
        "frr defaults traditional\n"
        "hostname nk-cai-khe-ce1\n"
        "log syslog informational\n"
        "service integrated-vtysh-config\n"
        "!\n"
        "ip route 0.0.0.0/0 10.1.17.0\n"
        "ip route 0.0.0.0/0 10.1.17.2\n"
        "ipv6 route ::/0 2001:db8:9201:1100::\n"
        "ipv6 route ::/0 2001:db8:9201:1101::\n"
        "!\n"
        "interface eth0\n"
        " ip address 10.1.17.1/31\n"
        " ipv6 address 2001:db8:9201:1100::1/127\n"
        "exit\n"
        "!\n"
        "interface eth1\n"
        " ip address 10.1.17.3/31\n"
        " ipv6 address 2001:db8:9201:1101::1/127\n"
        "exit\n"
        "!\n"
        "interface lo\n"
        " ip address 10.0.1.16/32\n"
        " ipv6 address 2001:db8:9200::1:10:1/128\n"
        "exit\n"
        "!\n"
    )


@pytest.mark.parametrize("name", ["nk-an-hoa-ce1", "nk-an-hoa-ce1.v6only", "dc-core1"])
def test_day_0_needs_no_secret_and_keeps_to_the_stage(name: str) -> None:
    text = day0(case(name))
    assert "vault:" not in text
    assert ("ipv6 address" in text) is (name != "nk-an-hoa-ce1")
    assert ("ip route" in text) is (name != "dc-core1")
    assert f" ip address {case(name).management}/32\n" in text


def test_a_drained_router_says_so_in_bgp_and_an_edge_s_default_route_is_the_last() -> None:
    """The others' route map puts what has this community last (RFC 8326)."""
    before, after = (
        render(replace(case("dc-edge1"), drained=drained)).splitlines() for drained in (False, True)
    )
    assert [line for line in after if line not in before] == [
        " bgp graceful-shutdown",
        " default-information originate metric 65535 metric-type 1",
        " default-information originate metric 65535 metric-type 1",
    ]
    assert "bgp community-list standard GRACEFUL-SHUTDOWN seq 5 permit graceful-shutdown" in before
