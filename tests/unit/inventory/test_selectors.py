"""Selectors: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.errors import SelectorError
from infra_ctl.inventory import devices, load
from infra_ctl.inventory.selectors import (
    HOST_KEYS,
    KEYS,
    Selector,
    Subject,
    host_subject,
    parse,
    select,
    select_hosts,
    subject,
)

ALL = {"dc-edge1", "dc-core1", "dc-core2", "bk-r1", "nk-pop1", "bt-pop1"} | {
    f"{site}-ce1" for site in ("hq-so-tttt", "nk-cai-khe", "nk-an-hoa", "bt-long-hoa")
}
WARDS = {"nk-cai-khe-ce1", "nk-an-hoa-ce1", "bt-long-hoa-ce1"}
MEANINGS = {
    "": ALL,
    "  ": ALL,
    "pop=nk role=ce": {"nk-cai-khe-ce1", "nk-an-hoa-ce1"},
    "pop=nk and role=ce": {"nk-cai-khe-ce1", "nk-an-hoa-ce1"},
    "site=nk-an-hoa": {"nk-an-hoa-ce1"},
    "site=nk-*": {"nk-cai-khe-ce1", "nk-an-hoa-ce1"},
    "site!=nk-* kind=commune": {"bt-long-hoa-ce1"},
    "device=dc-core?": {"dc-core1", "dc-core2"},
    "nk-an-hoa": {"nk-an-hoa-ce1"},
    "nk-an-hoa-ce1": {"nk-an-hoa-ce1"},
    "dc": {"dc-edge1", "dc-core1", "dc-core2"},
    "dc-core1 or nk": {"dc-core1", "nk-pop1"},
    "*-core*": {"dc-core1", "dc-core2"},
    "kind=dc*": {"dc-edge1", "dc-core1", "dc-core2", "bk-r1"},
    "unit=31117": {"nk-cai-khe-ce1"},
    "profile=commune": {"nk-an-hoa-ce1", "bt-long-hoa-ce1"},
    "platform=frr": ALL,
    "level>=3 kind=commune": {"nk-cai-khe-ce1"},
    "level<3": {"nk-an-hoa-ce1"},
    "level=2": {"nk-an-hoa-ce1"},
    "level!=3 kind=commune": {"nk-an-hoa-ce1", "bt-long-hoa-ce1"},
    "ipv6!=dual": {"bt-pop1", "nk-an-hoa-ce1", "bt-long-hoa-ce1"},
    "ipv6<routed": {"bt-pop1", "nk-an-hoa-ce1", "bt-long-hoa-ce1"},
    "ipv6<=addressed ipv6>none": {"bt-pop1", "bt-long-hoa-ce1"},
    "ipv6 >= dual kind = commune": {"nk-cai-khe-ce1"},
    "not role=ce": ALL - WARDS - {"hq-so-tttt-ce1"},
    "not not kind=commune": WARDS,
    "not (pop=nk or pop=bt) role=ce": {"hq-so-tttt-ce1"},
    "pop=nk role=ce or pop=bt role=pop": {"nk-cai-khe-ce1", "nk-an-hoa-ce1", "bt-pop1"},
    "role=pop or role=ce pop=nk": {"nk-pop1", "bt-pop1", "nk-cai-khe-ce1", "nk-an-hoa-ce1"},
    "(role=pop or role=ce) pop=nk": {"nk-pop1", "nk-cai-khe-ce1", "nk-an-hoa-ce1"},
    "NOT role=ce AND pop=nk": {"nk-pop1"},
    "pop=mars": set(),
}
PROBLEMS = {
    "ppo=nk": "column 1: unknown key 'ppo' (did you mean 'pop'?)",
    "pop=nk\tppo=nk": "column 8: unknown key 'ppo' (did you mean 'pop'?)",
    "colour=red": "column 1: unknown key 'colour' "
    "(known: device, ipv6, kind, level, platform, pop, profile, role, site, unit)",
    "pop=nk ipv6=dul": "column 8: ipv6 is never 'dul' (did you mean 'dual'?)",
    "level>=6": "column 1: level is never '6' (known: 1, 2, 3, 4, 5)",
    "level>=*": "column 1: level is never '*' (known: 1, 2, 3, 4, 5)",
    "role>ce": "column 1: role has no order: use = or !=",
    "pop=": "column 4: '=' must stand between a key and a value",
    "=nk": "column 1: '=nk' must stand between a key and a value",
    "(pop=nk": "column 8: something is missing at the end",
    "pop=nk)": "column 7: cannot read ')'",
    "()": "column 2: cannot read ')'",
    "and": "column 1: cannot read 'and'",
    "pop=nk or": "column 8: cannot read 'or'",
    "pop=nk and or site=dc": "column 8: cannot read 'and'",
    "not": "column 4: something is missing at the end",
    "(" * 21: "column 21: more than 20 parentheses within each other",
    "x" * 2001: "column 2001: is longer than 2000 characters",
}


@pytest.mark.parametrize(("text", "hostnames"), MEANINGS.items())
def test_meaning(text: str, hostnames: set[str], city: Path) -> None:
    assert {device.hostname for device in select(text, load(city))} == hostnames


@pytest.mark.parametrize(("text", "said"), PROBLEMS.items())
def test_problem(text: str, said: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse(text)
    assert str(caught.value) == f"selector, {said}"
    assert f"column {caught.value.column}:" in said


def test_selection_keeps_the_order_of_devices(city: Path) -> None:
    inventory = load(city)
    chosen = select("role=core or role=pop", inventory)
    assert [device.hostname for device in chosen] == ["dc-core1", "dc-core2", "nk-pop1", "bt-pop1"]


def test_a_subject_answers_every_key(city: Path) -> None:
    inventory = load(city)
    subjects = {device.hostname: subject(device) for device in devices(inventory)}
    assert set(subjects["nk-cai-khe-ce1"].attributes) == set(KEYS)
    assert set(KEYS) - set(subjects["nk-pop1"].attributes) == {"level"}


HOST_MEANINGS = {
    "zone=databases": ["bk-db-1", "dc-db-1"],
    "role=dns": ["dc-ntp-1"],
    "role=database site=dc": ["dc-db-1"],
    "system=one-stop kind=dc": ["dc-app-1"],
    "database=one-stop site=dc or dc-lgsp-?": ["dc-db-1", "dc-lgsp-1"],
    "bk zone!=lgsp": ["bk-app-1", "bk-db-1"],
    "level>=3 site=dc": ["dc-app-1", "dc-db-1", "dc-lgsp-1", "dc-ntp-1"],
    "pop=hq ipv6=dual host=bk-app-?": ["bk-app-1"],
    "host=dc-ntp-1": ["dc-ntp-1"],
}


@pytest.mark.parametrize(("text", "names"), HOST_MEANINGS.items())
def test_hosts_have_keys_of_their_own(text: str, names: list[str], city: Path) -> None:
    assert sorted(host.id for host in select_hosts(text, load(city))) == names


@pytest.mark.parametrize(
    ("text", "of", "said"),
    [
        ("zone=dc", "device", "unknown key 'zone'"),
        ("device=x", "host", "unknown key 'device'"),
        ("zone=dmx", "host", "zone is never 'dmx' (did you mean 'dmz'?)"),
        ("role=database", "device", "role is never 'database'"),
    ],
)
def test_the_key_of_a_host_is_none_of_a_device(text: str, of: Literal["device", "host"], said: str) -> None:
    with pytest.raises(SelectorError, match=re.escape(said)):
        parse(text, of)


def test_a_host_answers_every_key(city: Path) -> None:
    inventory = load(city)
    for host in inventory.hosts.values():
        assert set(host_subject(host, inventory, level=3).attributes) == set(HOST_KEYS)


def test_one_of_several_values_is_enough() -> None:
    host = Subject(("dc-ntp-1",), {"role": frozenset({"edge", "core"})})
    assert parse("role=core")(host)
    assert not parse("role=pop")(host)
    assert parse("role!=pop")(host)


def test_what_is_unknown_is_on_no_side_of_an_order() -> None:
    nobody = Subject(("x",), {})
    assert not parse("level>=1")(nobody)
    assert not parse("level<5")(nobody)
    assert parse("level!=3")(nobody)


def test_many_words_do_not_dive() -> None:
    assert parse("not " * 400 + "dc")(Subject(("dc",), {}))
    assert parse(" or ".join(["dc"] * 300))(Subject(("dc",), {}))


def outcome(text: str) -> Selector | SelectorError:
    try:
        return parse(text)
    except SelectorError as error:
        return error


@given(st.text(st.sampled_from("aéz01 ()=<>!*?\t\n-") | st.characters(), max_size=60))
def test_any_text_is_a_selector_or_a_selector_error(text: str) -> None:
    result = outcome(text)
    if isinstance(result, SelectorError):
        assert 1 <= result.column <= len(text) + 1
    else:
        assert result(Subject(("dc",), {})) in (True, False)


WORDS = st.sampled_from(
    ["and", "or", "not", "(", ")", "pop=nk", "role!=ce", "level>=3", "ipv6<dual", "dc-*", "=", "x="]
)


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_any_words_are_a_selector_or_one_line(text: str) -> None:
    result = outcome(text)
    assert isinstance(result, Selector) or "\n" not in str(result)


def test_only_who_selects_pays_for_the_parser() -> None:
    code = "import sys, infra_ctl.inventory.selectors; sys.exit('pyparsing' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode
        == 0
    )
