"""Why a device stands where it stands: what its order kept, in words."""

from __future__ import annotations

from infra_ctl.change.explaining import explain, in_words
from infra_ctl.change.waves import GROWTH, SMALL, Ground, order

LINKS = (
    ("core1", "core2"),
    *((core, pop) for core in ("core1", "core2") for pop in ("nk", "bt")),
    ("nk", "ward1"),
    ("bt", "ward1"),
    ("nk", "ward2"),
)
GROUND = Ground(LINKS, ("core1", "core2"))


def said(device: str, ground: Ground, *changed: str) -> list[str]:
    return [" ".join(line) for line in in_words(explain(device, order(changed, ground), ground))]


def test_what_is_behind_what_is_before_and_who_stands_in_for_it() -> None:
    assert said("nk", GROUND, "ward1", "ward2", "bt", "nk", "core1") == [
        "wave 3 of 4, 1 link from where the controller is",
        "first ward1 (wave 1) ward2 (wave 1): behind nk, and cut off if it fails",
        "then core1 (wave 4): nk hangs on them",
        "not in 2 bt stands in for it there",
    ]


def test_only_what_changes_is_named() -> None:
    assert said("nk", GROUND, "nk") == ["wave 1 of 1, 1 link from where the controller is"]


def test_canary_and_full_waves() -> None:
    links = [("core1", f"ward{number:02}") for number in range(GROWTH + SMALL)]
    ground = Ground(links, ("core1",), (), dict.fromkeys((z for _, z in links), "ce"))
    wards = [z for _, z in links]
    assert "canary the first ce: the others wait until it is confirmed" in said("ward00", ground, *wards)
    last = said(wards[-1], ground, *wards)
    assert "not in 1 ward00 is tried alone there" in last
    assert "not in 2 that wave is full" in last


def test_every_way_to_what_lies_behind() -> None:
    ring = ("r0", "r1", "r2", "r6", "r8", "r4")
    ground = Ground(tuple(zip(ring, (*ring[1:], ring[0]), strict=True)), ("r0",))
    assert "not in 1 with r1 it is every way to what lies behind them" in said("r4", ground, "r1", "r4")


def test_what_no_link_leads_to() -> None:
    assert (
        said("island", GROUND, "island")[0] == "wave 1 of 1, no link leads there from where the controller is"
    )
