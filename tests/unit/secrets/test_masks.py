"""Secrets: references and masks."""

from __future__ import annotations

import pytest

from infra_ctl.errors import SecretError
from infra_ctl.secrets import held, keyed_hash, mask, references, resolve
from infra_ctl.secrets.masks import placed

KEY = b"key of this test"
VAULT = {"ospf/key": "sEcr3tKey", "bgp/core": "sEcr3tKeyLonger", "snmp/priv": "hunter2!", "twin": "sEcr3tKey"}
TEXT = """\
interface eth0
 ip ospf message-digest-key 1 md5 vault:ospf/key
exit
router bgp 65000
 neighbor 10.0.0.1 password vault:bgp/core
"""


def test_references_are_named_once_and_sorted() -> None:
    assert references(TEXT + TEXT) == ("bgp/core", "ospf/key")
    assert references("nothing") == ()


def test_references_become_values() -> None:
    resolved = resolve(TEXT, VAULT)
    assert " md5 sEcr3tKey\n" in resolved
    assert " password sEcr3tKeyLonger\n" in resolved
    assert "vault:" not in resolved


def test_all_that_is_missing_is_named_and_no_value() -> None:
    with pytest.raises(SecretError) as caught:
        resolve(TEXT + "x vault:a/b", {"ospf/key": "sEcr3tKey"})
    assert str(caught.value) == "not in the vault: a/b, bgp/core"


def test_masking_undoes_resolving() -> None:
    assert mask(resolve(TEXT, VAULT), VAULT, KEY) == TEXT


def test_masking_twice_changes_nothing() -> None:
    vault = {**VAULT, "short": "vault", "part": "bgp"}
    once = mask(resolve(TEXT, VAULT) + " neighbor 10.0.0.2 password unknown\n", vault, KEY)
    assert mask(once, vault, KEY) == once


PLACES = {
    "BGP": "  neighbor 10.0.0.1 password {}",
    "vty": "password {}",
    "enable": "enable password {}",
    "encrypted": "password 8 {}",
    "OSPF MD5": " ip ospf message-digest-key 1 md5 {}",
    "OSPF simple": " ip ospf authentication-key {}",
    "virtual link": " area 1 virtual-link 10.0.0.1 message-digest-key 1 md5 {}",
    "OSPFv3": " ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key {}",
    "key chain": "  key-string {}",
    "RIP": " ip rip authentication string {}",
    "IS-IS": " isis password md5 {}",
    "IS-IS area": " area-password clear {}",
    "NHRP": " ip nhrp authentication {}",
    "SNMP community": "rocommunity {}",
    "SNMP user": 'createUser monitor SHA "{}" AES "vault:snmp/priv"',
    "a diff": "-  neighbor 10.0.0.1 password {}",
}


@pytest.mark.parametrize("line", PLACES.values(), ids=PLACES)
def test_an_unknown_secret_is_hidden_and_a_changed_one_shows(line: str) -> None:
    one, other = (mask(line.format(value), VAULT, KEY) for value in ("0ne-value", "0ther-value"))
    hidden = f"<secret:{keyed_hash('0ne-value', KEY)[:8]}>"
    assert one == line.format(hidden)
    assert one != other
    assert mask(line.format("0ne-value"), VAULT, b"another key") != one


@pytest.mark.parametrize("line", PLACES.values(), ids=PLACES)
def test_a_known_secret_becomes_its_reference(line: str) -> None:
    assert mask(line.format("sEcr3tKeyLonger"), VAULT, KEY) == line.format("vault:bgp/core")


def test_a_password_may_hold_blanks() -> None:
    masked = mask(" neighbor 10.0.0.1 password two words\nexit\n", {}, KEY)
    assert "words" not in masked
    assert masked.endswith(">\nexit\n")


def test_known_values_are_hidden_wherever_they_stand_the_longest_first() -> None:
    said = 'refused "sEcr3tKeyLonger", sEcr3tKey and hunter2!; sEcr3tKeyed is another word'
    assert mask(said, VAULT, KEY) == (
        'refused "vault:bgp/core", vault:ospf/key and vault:snmp/priv; sEcr3tKeyed is another word'
    )


def test_a_value_that_begins_another_does_not_spoil_it() -> None:
    assert mask("it is key-2", {"a": "key", "b": "key-2"}, KEY) == "it is vault:b"


@pytest.mark.parametrize(
    "line",
    [
        "ip ospf authentication message-digest",
        "neighbor 10.0.0.1 remote-as 65000",
        "ip ospf cost 10",
        "description the password of the day",
        "ipv6 ospf6 authentication keychain OSPF6",
        "service password-encryption",
    ],
)
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert mask(line, VAULT, KEY) == line


def test_what_a_device_holds_can_be_put_back() -> None:
    running = resolve(TEXT, VAULT) + " neighbor 192.0.2.1 password by hand\n"
    masked = mask(running, VAULT, KEY)
    assert "by hand" not in masked
    assert resolve(masked, VAULT | held(running, KEY)) == running
    with pytest.raises(SecretError, match="<secret:"):
        resolve(masked, VAULT)


def test_after_a_rotation_both_values_are_hidden_though_the_vault_has_the_new_one_only() -> None:
    """As a plan shows it: the device has the old value, which nobody knows any more."""
    old, new = "OldValue0123", "NewValue4567"
    vault = {"ospf/key": new}
    lines = (template for name, template in PLACES.items() if name != "a diff")
    for line in lines:
        diff = f"- {line.format(old)}\n+ {line.format(new)}\n"
        masked = mask(diff, vault, KEY)
        assert masked == f"- {line.format(HIDDEN_OLD)}\n+ {line.format('vault:ospf/key')}\n"


HIDDEN_OLD = f"<secret:{keyed_hash('OldValue0123', KEY)[:8]}>"


def test_what_refers_to_a_secret_is_told_with_its_place() -> None:
    text = TEXT + " description vault:twin is for a neighbour\n"
    assert list(placed(text)) == [("ospf/key", "ospf_md5"), ("bgp/core", "bgp")]
