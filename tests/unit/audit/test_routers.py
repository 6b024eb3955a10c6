"""What routers route by: who may talk to them without a key, and what nobody knows how to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.audit.collecting.routers import collect, said
from infra_ctl.audit.collecting.routing import unauthenticated
from infra_ctl.controls.exhibit import Document
from infra_ctl.drivers.base import Pending, Reading
from infra_ctl.drivers.embedded import Fault
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.secrets import mask
from tests.unit.conftest import MASKING, VAULT, SmallCity

RECORDED = (
    Path(__file__).parents[2]
    / "contract/mocked_data/test_get_config/frr_8_4/vtysh_c_show_running_config_no_header.txt"
)
HEAD = "frr version 8.4.4\nfrr defaults traditional\n"


def of(text: str) -> list[tuple[str, str]]:
    found = unauthenticated(Document("frr", "", tuple(text.splitlines())))
    return [(str(fact.value), str(fact.line)) for fact in found]


def test_what_a_real_router_says_is_read_with_the_lines_that_prove_it() -> None:
    part = said(RECORDED.read_text())

    assert [(fact.value, str(fact.line)) for fact in part.facts["routing.unauthenticated"]] == [
        ("ospf6 eth0", "frr:16: ipv6 ospf6 area 0.0.0.0"),
        ("bgp 192.0.2.9", "frr:37: neighbor 192.0.2.9 remote-as 65010"),
        ("bgp fd00::1", "frr:40: neighbor fd00::1 remote-as 65000"),
    ]
    assert part.missing == {}


@pytest.mark.parametrize(
    "lines",
    [
        "ip ospf area 0\n ip ospf authentication message-digest\n ip ospf message-digest-key 1 md5 x",
        "ip ospf 1 area 0\n ip ospf authentication key-chain city",
        "ip ospf area 0\n ip ospf passive",
        "ipv6 ospf6 area 0\n ipv6 ospf6 passive",
        "ipv6 ospf6 area 0\n ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key x",
        "ipv6 ospf6 area 0\n ipv6 ospf6 authentication keychain city",
        "ip address 10.0.0.1/30",
    ],
)
def test_an_interface_with_a_key_or_that_is_silent_is_well(lines: str) -> None:
    assert of(f"interface eth0\n {lines}\nexit\n!") == []


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("ip ospf area 0", "frr:2: ip ospf area 0"),
        ("ip ospf area 0\n ip ospf authentication message-digest", "frr:2: ip ospf area 0"),
        ("ip ospf area 0\n ip ospf message-digest-key 1 md5 x", "frr:2: ip ospf area 0"),
        ("ip ospf area 0\n ip ospf authentication\n ip ospf authentication-key x", "frr:2: ip ospf area 0"),
    ],
)
def test_half_a_key_or_one_in_clear_is_none(lines: str, found: str) -> None:
    assert of(f"interface eth0\n {lines}\nexit\n!") == [("ospf eth0", found)]


def test_a_loopback_talks_to_nobody_and_an_interface_of_a_vrf_as_any() -> None:
    assert of("interface lo\n ip ospf area 0\n ipv6 ospf6 area 0\nexit\n!") == []
    assert of("interface eth0 vrf red\n ip ospf area 0\nexit\n!") == [("ospf eth0", "frr:2: ip ospf area 0")]


def test_what_the_process_says_counts_on_every_interface() -> None:
    eth0 = "interface eth0\n ip address 10.0.0.1/30\n"
    key = " ip ospf message-digest-key 1 md5 x\n"
    network = "router ospf\n network 10.0.0.0/8 area 0\n"
    taking = [("ospf eth0", "frr:2: ip address 10.0.0.1/30")]

    assert of(f"{eth0}{network}") == taking
    assert of(f"{eth0}{network} passive-interface eth0\n") == []
    assert of(f"{eth0}{network} passive-interface default\n") == []
    assert of(f"{eth0} no ip ospf passive\n{network} passive-interface default\n") == taking
    for area in ("0", "0.0.0.0"):
        assert of(f"{eth0}{key}{network} area {area} authentication message-digest\n") == []
    assert of(f"{eth0}{key}{network} area 1 authentication message-digest\n") == taking
    assert of("interface eth0\n ip address 192.0.2.1/30\n" + network) == []
    assert of("interface eth0\n description x\nrouter ospf6\n interface eth0 area 0\n") == [
        ("ospf6 eth0", "frr:1: interface eth0")
    ]


def test_a_neighbour_has_its_groups_password() -> None:
    group = "router bgp 65000\n neighbor WAN peer-group\n neighbor WAN remote-as 65001\n"
    members = " neighbor 10.0.0.1 peer-group WAN\n neighbor eth0 interface peer-group WAN\n"
    listening = " bgp listen range 10.9.0.0/16 peer-group WAN\n"

    assert of(f"{group} neighbor WAN password x\n{members}{listening}") == []
    assert [what for what, _ in of(f"{group}{members}{listening}")] == [
        "bgp 10.0.0.1",
        "bgp eth0",
        "bgp 10.9.0.0/16",
    ]
    assert of(f"{group}{members} neighbor 10.0.0.1 password x\n neighbor eth0 password x\n") == []
    both = f"{group} neighbor 10.0.0.1 remote-as 65001\n neighbor 10.0.0.1 peer-group WAN\n"
    assert of(both) == [("bgp 10.0.0.1", "frr:4: neighbor 10.0.0.1 remote-as 65001")]


def test_a_neighbour_of_a_second_instance_counts_by_itself() -> None:
    text = (
        "router bgp 1\n neighbor 10.0.0.1 remote-as 2\n neighbor 10.0.0.1 password x\n exit\n"
        "router bgp 1 vrf b\n neighbor 10.0.0.1 remote-as 2\n"
    )
    assert of(text) == [("bgp 10.0.0.1", "frr:6: neighbor 10.0.0.1 remote-as 2")]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "show running-config is not FRR's: it begins with 'nothing'"),
        ("\nversion 15.1\nhostname r\n", "show running-config is not FRR's: it begins with 'version 15.1'"),
        (
            HEAD.replace("8.4.4", "10.3"),
            "show running-config is of FRR 10.3: only FRR 8 is known here",
        ),
    ],
)
def test_what_nobody_knows_how_to_read_is_missing_and_says_so(text: str, cause: str) -> None:
    part = said(text)

    assert part.documents == part.facts == {}
    assert part.missing == {"frr": cause, "routing.unauthenticated": cause}


@pytest.mark.parametrize("end", ["\u2028", "\x85", "\x0b", "\x0c", "\x1e"])
def test_what_stands_in_a_description_is_no_line_of_its_own(end: str) -> None:
    forged = f"description x{end} ip ospf authentication key-chain forged"
    part = said(f"{HEAD}interface eth0\n {forged}\n ip ospf area 0\nexit\n")
    assert [fact.value for fact in part.facts["routing.unauthenticated"]] == ["ospf eth0"]


def test_a_line_that_cannot_be_read_is_no_reason_to_pass() -> None:
    part = said(f"{HEAD}interface eth0\n ip address 10.0.0.1/30\nrouter ospf\n network 10.0.0.0/99 area 0\n")

    assert part.facts == {}
    assert list(part.missing) == ["routing.unauthenticated"]
    assert "'99' is not a valid netmask" in part.missing["routing.unauthenticated"]
    assert part.documents["frr"].said


def test_a_city_as_intended_has_keys_everywhere_and_shows_none(small: SmallCity, tmp_path: Path) -> None:
    devices = small.devices(tmp_path, faults={"dc-core1": Fault(unreachable=True)})
    names = list(small.city.intents)
    seen: list[str] = []

    found = collect(Fleet(devices.driver, simulated=True), MASKING, names, seen.append)

    assert set(found) == {("device", name) for name in names}
    assert sorted(seen) == sorted(names)
    lost = found.pop(("device", "dc-core1"))
    assert list(lost.missing) == ["frr", "routing.unauthenticated"]
    assert set(lost.missing.values()) == {"no answer"}
    for part in found.values():
        assert part.facts["routing.unauthenticated"] == ()
        assert part.missing == {}
        assert not any(secret in line for secret in VAULT.values() for line in part.documents["frr"].lines)


def test_a_key_that_somebody_took_away_is_found(small: SmallCity) -> None:
    running = small.configured("dc-core1")
    key = next(line for line in running.splitlines() if "message-digest-key" in line)

    part = said(mask(HEAD + running.replace(f"{key}\n", "", 1), VAULT, MASKING.key))

    (fact,) = part.facts["routing.unauthenticated"]
    assert str(fact.value).startswith("ospf eth")


class Busy:
    """A device on which somebody's commit waits for its confirmation."""

    def __enter__(self) -> Busy:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def reading(self) -> Reading:
        return Reading(HEAD, Pending("2026-11-27-001-ab", 30))


def test_what_runs_only_for_now_is_no_evidence() -> None:
    found = collect(Fleet(lambda _: Busy()), MASKING, ["a"], lambda _: None)  # type: ignore[arg-type, return-value]

    assert "is not confirmed" in found["device", "a"].missing["frr"]
