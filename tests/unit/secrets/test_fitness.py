"""Which values fit their places and are hard to guess, said without a value."""

from __future__ import annotations

import pytest

from infra_ctl.errors import SecretError
from infra_ctl.outcome import Verdict
from infra_ctl.secrets import HASH_KEY, judge, uses
from infra_ctl.secrets.fitness import ALPHABET, USUAL, Use, fresh, refuse_unfit

GOOD = "kT3v9QmZ1xWc7LpA"
"""Sixteen characters: the longest OSPF MD5 key."""

OSPF = "interface eth0\n ip ospf message-digest-key 1 md5 vault:ospf/key\n"
BGP = "router bgp 65000\n neighbor 10.0.0.1 password vault:bgp/core\n"


def findings(vault: dict[str, str], texts: dict[str, str] | None = None) -> list[tuple[str, str, str]]:
    """All that is wrong with the secrets of two routers."""
    used = uses(texts or {"r1": OSPF, "r2": OSPF + BGP}, declared=["snmp/auth"])
    said = judge(vault, used)
    assert not [
        outcome for outcome in said if any(value in outcome.message for value in vault.values() if value)
    ]
    return [(each.check, each.object, each.message) for each in said if each.verdict is Verdict.FAIL]


FINE = {"ospf/key": GOOD, "bgp/core": GOOD * 5, "snmp/auth": GOOD[::-1]}


def test_fit_values_are_fine() -> None:
    assert findings({**FINE, HASH_KEY: "a key that only we know"}) == []


def test_what_is_missing_is_told_with_who_needs_it() -> None:
    assert findings({}) == [
        ("missing", "bgp/core", "has no value, and 1 device needs it"),
        ("missing", "ospf/key", "has no value, and 2 devices need it"),
        ("missing", "snmp/auth", "has no value, and the inventory refers to it"),
    ]


def test_hosts_need_secrets_too_and_their_files_quote_them() -> None:
    needed = uses({"r1": BGP}, hosts={"db-1": "PASSWORD 'vault:db/login'", "db-2": "x:vault:db/login"})
    assert needed["db/login"] == Use((), frozenset({"host"}), ("db-1", "db-2"))
    (missing, _) = judge({"bgp/core": GOOD}, needed)[::-1]
    assert (missing.object, missing.message) == ("db/login", "has no value, and 2 hosts need it")
    quoted = judge({"bgp/core": GOOD, "db/login": "kT3v9'QmZ1xWc7"}, needed)
    assert [each.check for each in quoted if each.verdict is Verdict.FAIL] == ["unfit"]
    with pytest.raises(SecretError, match="takes none of them"):
        refuse_unfit("db/login", "kT3v9:QmZ1xWc7", needed["db/login"])


def test_a_password_that_is_hashed_may_have_blanks_and_72_bytes() -> None:
    used = uses({}, ["monitoring/web"], hashed=["monitoring/web"])
    assert used["monitoring/web"].places == {"bcrypt"}
    for value, words in (
        (f"{GOOD} {GOOD}", []),
        ("ấ" * 24, []),
        (f"{'ấ' * 24}a", ["73 bytes, and a bcrypt hash takes 72"]),
    ):
        said = judge({"monitoring/web": value}, used)
        assert [each.message for each in said if each.verdict is Verdict.FAIL] == words


def test_what_nobody_refers_to_is_named() -> None:
    assert findings({**FINE, "old/key": GOOD + "x", "Old Key": GOOD + "y"}) == [
        ("unused", "Old Key", "cannot be referred to: lower case letters, digits, - _ and / are"),
        ("unused", "old/key", "nothing refers to it"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "check", "words"),
    [
        ("ospf/key", GOOD + "x", "unfit", "17 bytes, and an OSPF MD5 key takes 16"),
        ("ospf/key", "ậậậ" + GOOD[:9], "unfit", "18 bytes, and an OSPF MD5 key takes 16"),
        ("bgp/core", "x1" * 40 + "y", "unfit", "81 bytes, and a BGP password takes 80"),
        ("bgp/core", "two words or more", "unfit", "has blanks, and a BGP password is one word"),
        ("ospf/key", GOOD[:-1] + " ", "unfit", "has blanks, and an OSPF MD5 key is one word"),
        ("ospf/key", GOOD[:-1] + "\n", "unfit", "has blanks, and an OSPF MD5 key is one word"),
        ("ospf/key", GOOD[:-1] + "\x07", "unfit", "has characters that are none"),
        ("ospf/key", "vault:bgp/core1", "unfit", "reads like a reference"),
        ("ospf/key", "", "unfit", "empty, and an OSPF MD5 key is not"),
        ("ospf/key", "hunter2", "weak", "short: 12 characters or more are hard to guess"),
        ("ospf/key", GOOD[::-1], "weak", "the same value as snmp/auth"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_and_not_the_value(
    name: str, value: str, check: str, words: str
) -> None:
    found = [each for each in findings({**FINE, name: value}) if each[1] == name]
    assert [(each[0], each[2][: len(words)]) for each in found] == [(check, words)]


@pytest.mark.parametrize("value", ["Management-Key", "Operations/Management-Key"])
def test_a_name_is_no_secret(value: str) -> None:
    used = {"operations/management-key": Use(("r1",))}
    (found,) = judge({"operations/management-key": value}, used)
    assert (found.check, found.message) == ("weak", "is its own name")


OSPF_KEY = Use(("r1",), frozenset({"ospf_md5", "ospf6"}))


def test_a_new_value_fits_all_its_places() -> None:
    for _ in range(50):
        value = fresh(OSPF_KEY)
        assert len(value) == 16
        assert set(value) <= set(ALPHABET)
        refuse_unfit("ospf/key", value, OSPF_KEY)
    assert fresh(OSPF_KEY) != fresh(OSPF_KEY)
    assert len(fresh(None)) == len(fresh(Use(("r1",), frozenset({"bgp"})))) == USUAL
    assert len(fresh(OSPF_KEY, 12)) == 12
    with pytest.raises(SecretError, match="an OSPF MD5 key takes 16 characters, not 17"):
        fresh(OSPF_KEY, 17)


def test_a_value_of_one_s_own_has_to_fit_too() -> None:
    refuse_unfit("ospf/key", GOOD, OSPF_KEY)
    with pytest.raises(SecretError, match=r"^ospf/key: 17 bytes"):
        refuse_unfit("ospf/key", GOOD + "x", OSPF_KEY)
    with pytest.raises(SecretError, match=r"^new/one: has blanks"):
        refuse_unfit("new/one", "two words", None)
