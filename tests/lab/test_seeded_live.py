"""Thirty violations of the law, sown at once: all are found with the right line, and nothing else is.

Then what configuration can mend is mended by `drift --fix`, and the next audit has exactly that no more.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

import pytest

from tests.lab.city_slice import CitySlice, until
from tests.lab.seeds import CORE, DRIFTED, MENDED, SEEDS, Seed, reach_by_one_direction, ready, reap, sow
from tests.lab.two_sites import NAMES, Sites

pytestmark = pytest.mark.live

SOON = 300
"""Seconds until a clock has chosen its server: it asks each minute, and wants several answers."""
BAD = ("fail", "error")
NUMBER = re.compile(r"\d+")
LAWS = ("--law", "all")
MACHINES = " or ".join(sorted({seed.on for seed in MENDED}))
"""What configuration mends is on these."""
Found: TypeAlias = dict[tuple[str, str], set[str]]
"""What fails or cannot be judged, by control and object: the lines that prove it."""


@contextmanager
def own_inventory(city: CitySlice) -> Iterator[None]:
    """Whatever is written into it is undone."""
    kept = {file: file.read_bytes() for file in city.inventory.iterdir() if file.is_file()}
    try:
        yield
    finally:
        shutil.rmtree(city.inventory / "controls", ignore_errors=True)
        for file, content in kept.items():
            file.write_bytes(content)


@pytest.fixture
def city(sites: Sites) -> Iterator[CitySlice]:
    """The twin with an inventory on which seeds make a difference; in the end it is as it was."""
    city = sites.city
    try:
        with own_inventory(city):
            ready(city)
            yield city
    finally:
        reap(city)
        last = city.run("deploy", MACHINES, "--yes")
        assert last.code == 0, last


def is_in_time(city: CitySlice) -> bool:
    """Whether the machine whose clock is sown follows a server."""
    return "^,*" in city.on(NAMES, "chronyc", "-c", "sources")


def audited(city: CitySlice) -> Found:
    said = city.run("audit", *LAWS, "--output", "json")
    assert said.code == 3, said
    found: Found = {}
    for each in said.json["findings"]:
        if each["verdict"] in BAD:
            lines = found.setdefault((each["control"], each["object"]), set())
            lines |= {f"{document}: {text}" for document, _, text in each["lines"]} or {"nothing"}
    return found


def new(before: Found, after: Found) -> Found:
    """What was not found before, line by line; of what was, other numbers are no other lines."""
    found: Found = {}
    for key, lines in after.items():
        known = {NUMBER.sub("#", line) for line in before.get(key, ())}
        if others := {line for line in lines if NUMBER.sub("#", line) not in known}:
            found[key] = others
    return found


def expected(seeds: Iterable[Seed]) -> Mapping[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for seed in seeds:
        for key, words in seed.finds.items():
            found.setdefault(key, []).append(words)
    return found


def test_one_direction_for_a_system_of_level_4_is_in_no_inventory(sites: Sites) -> None:
    """`check` has the line before any audit could: nothing is planned, deployed or audited with it."""
    with own_inventory(sites.city):
        reach_by_one_direction(sites.city)
        said = sites.city.run("check")
    assert said.code == 2
    assert re.search(
        r"systems.yaml:\d+:\d+: officials-database is level 4 but worked on at hq-so-noi-vu", said.err
    )


LAW = r"""
law: own
title: {vi: Của thành phố, en: Its own}
source: a test
since: 2026-01-01
controls:
  OWN-01:
    title: {vi: Giới hạn tiền tố, en: Prefixes are few}
    clause: a test
    severity: high
    of: device
    levels: {3: "true"}
    holds: {lines: frr, forbid: 'maximum-prefix \d{6}'}
    remediation: {vi: Giảm., en: Take fewer.}
"""


def test_a_plan_that_breaks_the_law_is_refused_with_the_line(sites: Sites) -> None:
    city = sites.city
    with own_inventory(city):
        (city.inventory / "controls").mkdir()
        (city.inventory / "controls/own.yaml").write_text(LAW, encoding="utf-8")
        city.write("city.yaml", "max_prefixes: 2000", "max_prefixes: 200000")
        said = city.run("deploy", f"{CORE}", "--yes")
    assert said.code == 4, said
    assert f"{CORE}: OWN-01 Prefixes are few (a test)" in said.err
    assert re.search(r"\+ frr:\d+: neighbor \S+ maximum-prefix 200000", said.err)
    assert "maximum-prefix 200000" not in city.running(CORE)


def test_thirty_violations_are_found_and_what_can_be_is_mended(city: CitySlice) -> None:
    assert len(SEEDS) == 30
    until(lambda: is_in_time(city), SOON)
    before = audited(city)
    sow(city)
    assert city.run("drift", DRIFTED.on).code == 3
    found, wanted = new(before, audited(city)), expected(SEEDS)
    assert set(found) == set(wanted), (found.keys() ^ wanted.keys(), found)
    for key, words in wanted.items():
        for each in words:
            assert any(each in line for line in found[key]), (key, each, found[key])

    fixed = city.run("drift", MACHINES, "--fix", "--yes", "--reason", "sown", "--ticket", "CT-6")
    assert fixed.code == 0, fixed
    assert f"mends   {CORE}: STD-08 A router's FRR logs to syslog" in fixed.out
    until(lambda: is_in_time(city), SOON)
    mended = expected(MENDED)
    left = new(before, audited(city))
    assert left == {key: lines for key, lines in found.items() if key not in mended}
