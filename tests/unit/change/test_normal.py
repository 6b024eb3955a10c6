"""The normal form against what FRR was seen to make of configurations, and its way back into text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.change import normal

CASES = Path(__file__).parents[2] / "cases" / "frr"
NAMES = sorted(file.name.partition(".")[0] for file in CASES.glob("*.candidate.conf"))


def case(name: str, kind: str) -> str:
    return (CASES / f"{name}.{kind}.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_loaded_and_what_frr_shows_are_the_same(name: str) -> None:
    assert normal.parse(case(name, "candidate")) == normal.parse(case(name, "running"))


@pytest.mark.parametrize("name", NAMES)
def test_the_cases_differ_as_text(name: str) -> None:
    assert case(name, "candidate") != case(name, "running")


@pytest.mark.parametrize("name", NAMES)
def test_text_of_a_normal_form_has_that_form(name: str) -> None:
    form = normal.parse(case(name, "running"))
    assert normal.parse(normal.to_text(form)) == form


def test_contexts_are_the_enclosing_lines() -> None:
    text = """\
router bgp 65000
 bgp router-id 10.0.0.1
 !
 address-family ipv6 unicast
  network 2001:db8::/32
 exit-address-family
exit
!
interface eth0
 description uplink
exit
end
"""
    bgp = "router bgp 65000"
    assert normal.parse(text) == (
        (("interface eth0",), "description uplink"),
        ((), bgp),
        ((bgp, "address-family ipv6 unicast"), "network 2001:db8::/32"),
        ((bgp,), "bgp router-id 10.0.0.1"),
    )


def test_a_context_that_means_something_empty_stays() -> None:
    assert normal.parse("route-map ALL permit 10\nexit\ninterface eth0\nexit\n") == (
        ((), "route-map ALL permit 10"),
    )


def test_free_text_is_left_alone() -> None:
    line = "description to 2001:DB8::1, 10.0.0.1/8 null0"
    assert normal.parse(f"interface eth0\n {line}\n") == ((("interface eth0",), line),)


def test_an_interface_address_keeps_its_host_bits() -> None:
    assert normal.parse("interface eth0\n ip address 10.0.0.1/8\n")[0][1] == "ip address 10.0.0.1/8"


@pytest.mark.parametrize(
    "word", ["65000:1", "1:2:3", "vault:bgp/peer", "10.0.0.0/99", "2001:db8::/200", "eth0/1"]
)
def test_what_only_looks_like_an_address_is_left_alone(word: str) -> None:
    assert normal.spelled(f"ip prefix-list X seq 5 permit {word}").endswith(word)


def test_a_neighbour_is_written_before_what_is_said_of_it() -> None:
    text = """\
router bgp 65000
 no bgp default ipv4-unicast
 neighbor 10.0.0.1 remote-as 65000
 neighbor 10.0.0.1 bfd
 neighbor 10.0.0.1 description a
 address-family ipv4 unicast
  neighbor 10.0.0.1 activate
 exit-address-family
exit
"""
    assert normal.to_text(normal.parse(text)) == text


def test_fingerprints_differ_with_the_form_only() -> None:
    before, after = (normal.parse(case("restored", kind)) for kind in ("candidate", "running"))
    assert normal.fingerprint(before) == normal.fingerprint(after)
    assert normal.fingerprint(before[1:]) != normal.fingerprint(before)


def test_a_line_does_not_fingerprint_as_a_context() -> None:
    assert normal.fingerprint(((("a",), "b"),)) != normal.fingerprint((((), "a"), ((), "b")))


def test_paths_lead_back() -> None:
    pair = (("router bgp 65000", "address-family ipv4 unicast"), "network 10.0.0.0/8")
    assert normal.path(pair) == "router bgp 65000 / address-family ipv4 unicast / network 10.0.0.0/8"
    assert normal.at(normal.path(pair)) == pair


def test_a_slash_in_a_line_is_no_context() -> None:
    pair = (("interface eth0",), "description north / south")
    assert normal.at(normal.path(pair)) == pair


ADDRESSES = st.one_of(
    st.ip_addresses(v=6).map(lambda address: f"ipv6 address {address.exploded}/64"),
    st.ip_addresses(v=4).map(lambda address: f"ip address {address}/24"),
)
INTERFACE_LINES = st.one_of(
    ADDRESSES,
    st.integers(1, 65535).map("ip ospf cost {}".format),
    st.sampled_from(
        [
            "shutdown",
            "ip ospf passive",
            "ip ospf bfd",
            "ipv6 ospf6 bfd profile city",
            "no ipv6 nd suppress-ra",
        ]
    ),
)
NEIGHBOUR_LINES = st.builds(
    "neighbor {} {}".format,
    st.ip_addresses().map(str),
    st.sampled_from(["remote-as 65000", "bfd profile city", "password x", "description a  b", "shutdown"]),
)
FAMILY_LINES = st.one_of(
    st.builds("neighbor {} activate".format, st.ip_addresses().map(str)),
    st.ip_addresses(v=4).map("network {}/16".format),
)
LIST_ENTRIES = st.builds(
    "ip prefix-list {} {}permit {}/{}{}".format,
    st.sampled_from(["A", "B"]),
    st.one_of(st.just(""), st.integers(1, 99).map("seq {} ".format)),
    st.ip_addresses(v=4),
    st.integers(0, 32),
    st.sampled_from(["", " le 32", " le 32 ge 24"]),
)


def block(header: str, lines: list[str], indent: str = "", leave: str = "exit") -> str:
    return "".join(f"{indent}{line}\n" for line in (header, *(f" {line}" for line in lines), leave))


@st.composite
def configurations(draw: st.DrawFn) -> str:
    blocks = [
        block(f"interface eth{n}", draw(st.lists(INTERFACE_LINES))) for n in range(draw(st.integers(0, 3)))
    ]
    blocks += [f"{entry}\n" for entry in draw(st.lists(LIST_ENTRIES, max_size=4))]
    if draw(st.booleans()):
        family = block(
            "address-family ipv4 unicast", draw(st.lists(FAMILY_LINES)), " ", "exit-address-family"
        )
        own = "".join(f" {line}\n" for line in draw(st.lists(NEIGHBOUR_LINES)))
        blocks.append(f"router bgp 65000\n{own}{family}exit\n")
    if draw(st.booleans()):
        blocks.append("bfd\n profile city\n exit\n profile slow\n  transmit-interval 500\n exit\nexit\n")
    return "!\n".join(draw(st.permutations(blocks)))


@given(configurations())
def test_text_to_normal_to_text_to_normal(text: str) -> None:
    form = normal.parse(text)
    again = normal.to_text(form)
    assert normal.parse(again) == form
    assert normal.to_text(normal.parse(again)) == again
