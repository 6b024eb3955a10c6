"""Thirty violations of the law, sown at once: all are found with the right line, and nothing else is.

Then what configuration can mend is mended by `drift --fix`, and the next audit has exactly that no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import pytest

from tests.lab.city_slice import CitySlice
from tests.lab.seeds import DRIFTED, MENDED, SEEDS, ready, reap, sow
from tests.lab.two_sites import ALL, Sites

pytestmark = pytest.mark.live

BAD = ("fail", "error")
LAWS = ("--law", "all")
Found: TypeAlias = dict[tuple[str, str], set[str]]
"""What fails or cannot be judged, by control and object: the lines that prove it."""


@pytest.fixture
def lawful(sites: Sites) -> Iterator[CitySlice]:
    """The twin as it is to be, with an inventory on which seeds make a difference."""
    city = sites.city
    assert city.run("deploy", ALL, "--yes").code == 0, "other tests may have been at it"
    kept = {file: file.read_bytes() for file in city.inventory.iterdir() if file.is_file()}
    ready(city)
    try:
        yield city
    finally:
        for file, content in kept.items():
            file.write_bytes(content)
        reap(city)
        last = city.run("deploy", ALL, "--yes")
        assert last.code == 0, last


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
    """What was not found before, line by line."""
    found = {key: lines - before.get(key, set()) for key, lines in after.items()}
    return {key: lines for key, lines in found.items() if lines}


def expected(seeds: Any) -> Mapping[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for seed in seeds:
        for key, words in seed.finds.items():
            found.setdefault(key, []).append(words)
    return found


def test_thirty_violations_are_found_and_what_can_be_is_mended(lawful: CitySlice) -> None:
    city = lawful
    assert len(SEEDS) == 30
    before = audited(city)
    sow(city)
    assert city.run("drift", DRIFTED.on).code == 3
    sown = audited(city)
    found, wanted = new(before, sown), expected(SEEDS)
    assert set(found) == set(wanted)
    for key, words in wanted.items():
        for each in words:
            assert any(each in line for line in found[key]), (key, each, found[key])

    machines = " or ".join(sorted({seed.on for seed in MENDED}))
    fixed = city.run("drift", machines, "--fix", "--yes")
    assert fixed.code == 0, fixed
    mended = expected(MENDED)
    left = new(before, audited(city))
    assert left == {key: lines for key, lines in found.items() if key not in mended}
