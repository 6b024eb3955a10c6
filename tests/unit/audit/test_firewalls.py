"""Firewalls that are not ours: who is let in to SSH, and what becomes of the rest."""

from __future__ import annotations

import pytest

from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.reading import READERS
from tests.unit.audit.machines import DATABASE, said, seen, text_of

MANAGEMENT = "10.20.0.0/16"


def told(rules: str, fact: str) -> list[str]:
    """What is said of a host with such rules, which listens on IPv4 alone."""
    text = text_of(DATABASE).replace("listenaddress [::]:22\n", "")
    return [str(each.value) for each in READERS[fact](seen(DATABASE, said(text, "nftables", rules)))]


def chain(*rules: str, policy: str = "drop", family: str = "inet", more: str = "") -> str:
    lines = "\n".join(f"\t\t{rule}" for rule in rules)
    hook = f"\t\ttype filter hook input priority filter; policy {policy};"
    return f"table {family} guard {{\n{more}\tchain input {{\n{hook}\n{lines}\n\t}}\n}}"


OFFICE = (
    "\tset office {\n\t\ttype ipv4_addr\n\t\tflags interval\n"
    "\t\telements = { 10.20.0.0/16,\n\t\t\t     10.99.0.0/24 }\n\t}\n"
)
BLOCKED = "\tset blocked {\n\t\ttype ipv4_addr\n\t}\n"
DOORS = "\tset doors {\n\t\ttype inet_service\n\t\telements = { 22, 80 }\n\t}\n"
JUMPED = "\tchain admin {\n\t\tip saddr 10.77.0.0/24 tcp dport 22 accept\n\t\treturn\n\t}\n"


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ("", ["everywhere"]),
        (chain("tcp dport 22 accept"), ["everywhere"]),
        (chain("tcp dport { 22, 80 } accept"), ["everywhere"]),
        (chain("tcp dport 20-25 accept"), ["everywhere"]),
        (chain("tcp dport 443 accept"), []),
        (chain("udp dport 22 accept"), []),
        (chain("accept"), ["everywhere"]),
        (chain("counter packets 1 bytes 2 accept"), ["everywhere"]),
        (chain("ct state established,related accept", 'iif "lo" accept', "meta l4proto icmp accept"), []),
        (chain("ct state established,new accept"), ["everywhere"]),
        (chain(f"ip saddr {MANAGEMENT} tcp dport 22 accept"), []),
        (chain("ip saddr { 10.20.1.0/24, 192.0.2.0/24 } tcp dport 22 accept"), ["192.0.2.0/24"]),
        (chain("ip saddr 192.0.2.1-192.0.2.2 tcp dport 22 accept"), ["192.0.2.1/32", "192.0.2.2/32"]),
        (chain(f"ip saddr != {MANAGEMENT} tcp dport 22 accept"), ["everywhere"]),
        (chain("ip saddr @office tcp dport 22 accept", more=OFFICE), ["10.99.0.0/24"]),
        (chain("ip6 saddr ::/0 tcp dport 22 accept"), []),
        (chain('iifname "lo" tcp dport 22 accept'), []),
        (chain(policy="accept"), ["everywhere"]),
        (chain("ip saddr @blocked drop", policy="accept", more=BLOCKED), ["everywhere"]),
        (chain("ip saddr 192.0.2.0/24 drop", policy="accept"), ["everywhere"]),
        (chain("ip saddr @blocked tcp dport 22 accept", more=BLOCKED), []),
        (chain("ip daddr 10.0.0.1 tcp dport 22 drop", policy="accept"), ["everywhere"]),
        (chain("return", "tcp dport 22 drop", policy="accept"), ["everywhere"]),
        (chain("tcp dport 22 drop", policy="accept"), []),
        (chain(f"ip saddr != {MANAGEMENT} tcp dport 22 drop", policy="accept"), []),
        (chain("ip saddr != 192.0.2.0/24 tcp dport 22 drop", policy="accept"), ["192.0.2.0/24"]),
        (chain("limit rate 9/minute tcp dport 22 drop", policy="accept"), ["everywhere"]),
        (
            chain(
                f"ip saddr {MANAGEMENT} tcp dport 22 accept",
                "tcp dport 22 reject with tcp reset",
                policy="accept",
            ),
            [],
        ),
        (chain("jump admin", more=JUMPED), ["10.77.0.0/24"]),
        (chain("tcp dport 22 goto admin", policy="accept", more=JUMPED), ["10.77.0.0/24"]),
        (chain("tcp dport 22 accept", family="ip6"), ["everywhere"]),
        (chain("tcp dport @doors accept", more=DOORS), ["everywhere"]),
        (chain("tcp dport != @doors accept", more=DOORS), []),
        (chain("ct state != invalid accept"), ["everywhere"]),
        (chain("meta l4proto != udp accept"), ["everywhere"]),
        (chain("meta l4proto != tcp accept"), []),
        (chain("meta l4proto { icmp, tcp } accept"), ["everywhere"]),
        (chain("icmp type echo-request accept", "ip6 nexthdr ipv6-icmp accept"), []),
        (chain("tcp sport 22 accept"), ["everywhere"]),
        (chain("tcp sport 22 ct state established accept", "udp sport 53 accept"), []),
        (chain("ct state vmap { invalid : drop, established : accept }"), []),
    ],
)
def test_from_where_ssh_is_let_in(rules: str, wanted: list[str]) -> None:
    assert told(rules, "ssh.outside") == wanted


@pytest.mark.parametrize(
    "rule",
    [
        "tcp dport vmap { 22 : accept, 80 : accept }",
        "ip saddr vmap { 192.0.2.0/24 : accept }",
        "ct state vmap { established : accept, new : accept }",
        "ip saddr . tcp dport { 192.0.2.1 . 22 } accept",
        "ip saddr & 255.0.0.0 == 192.0.0.0 tcp dport 22 accept",
    ],
)
def test_what_is_not_read_is_not_taken_to_keep_anybody_out(rule: str) -> None:
    with pytest.raises(UnansweredError, match=r"^nftables:4: a rule of this form is not read here$"):
        told(chain(rule), "ssh.outside")


def test_one_chain_that_keeps_others_out_does_so_for_all() -> None:
    narrow = chain(f"ip saddr {MANAGEMENT} tcp dport 22 accept").replace("guard", "one")
    assert told(f"{chain(policy='accept')}\n{narrow}", "ssh.outside") == []


def test_both_families_count_where_both_are_listened_on() -> None:
    rules = chain(
        f"ip saddr {MANAGEMENT} tcp dport 22 accept", "ip6 saddr 2001:db8:bad::/48 tcp dport 22 accept"
    )
    host = seen(DATABASE, said(text_of(DATABASE), "nftables", rules))
    assert [each.value for each in READERS["ssh.outside"](host)] == ["2001:db8:bad::/48"]


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ("", []),
        (chain(), ["drop"]),
        (chain(policy="accept"), ["accept"]),
        (chain("tcp dport 22 accept", "reject", policy="accept"), ["reject"]),
        (
            chain("tcp dport 22 accept", 'counter packets 5 bytes 6 log prefix "in: " drop', policy="accept"),
            ["drop"],
        ),
        (chain("drop", "tcp dport 22 accept", policy="accept"), ["accept"]),
        (chain("limit rate 9/second drop", policy="accept"), ["accept"]),
        (chain("accept"), ["accept"]),
        (chain("jump admin", policy="accept", more=JUMPED), ["accept"]),
        (chain("goto last", policy="accept", more="\tchain last {\n\t\tdrop\n\t}\n"), ["drop"]),
    ],
)
def test_what_becomes_of_what_no_rule_lets_in(rules: str, wanted: list[str]) -> None:
    assert told(rules, "firewall.input") == wanted
