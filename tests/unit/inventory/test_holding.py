"""Holds are written without harm to what is beside them, and found when they are over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from infra_ctl.errors import InventoryError
from infra_ctl.inventory import load
from infra_ctl.inventory.holding import hold, lift, put_back, refuse_expired
from infra_ctl.inventory.models import Hold

WRITTEN = """\
# who may write here
holds:
  # the provider asked
  - {object: nk-pop1, effect: drain, reason: fibre work, until: 2026-12-01, by: an}
  # theirs
  - {object: dc-core1, effect: drain, reason: memory, until: 2026-12-01}
"""


def drain(device: str, until: str, reason: str = "đổi nguồn") -> Hold:
    return Hold(object=device, effect="drain", reason=reason, until=date.fromisoformat(until))


def test_a_hold_is_added_and_lifted_and_the_comments_stay(city: Path) -> None:
    (city / "holds.yaml").write_text(WRITTEN, encoding="utf-8")
    hold(city, drain("bt-pop1", "2099-01-01"))
    assert [each.in_words for each in load(city).holds] == [
        "nk-pop1: drain until 2026-12-01: fibre work",
        "dc-core1: drain until 2026-12-01: memory",
        "bt-pop1: drain until 2099-01-01: đổi nguồn",
    ]
    assert lift(city, "bt-pop1", "drain")
    assert (city / "holds.yaml").read_text(encoding="utf-8") == WRITTEN
    assert not lift(city, "bt-pop1", "drain")


def test_a_second_hold_of_the_same_takes_the_place_of_the_first(city: Path) -> None:
    hold(city, drain("nk-pop1", "2099-01-01"))
    hold(city, drain("nk-pop1", "2099-01-02", "longer"))
    assert [each.in_words for each in load(city).holds] == ["nk-pop1: drain until 2099-01-02: longer"]


def test_the_file_is_optional(city: Path) -> None:
    (city / "holds.yaml").unlink()
    refuse_expired(city, date(2026, 1, 1))
    assert not lift(city, "nk-pop1", "drain")
    assert load(city).holds == ()
    hold(city, drain("nk-pop1", "2099-01-01"))
    assert [each.object for each in load(city).holds] == ["nk-pop1"]


def test_a_hold_holds_on_its_last_day_and_not_after_it(city: Path) -> None:
    (city / "holds.yaml").write_text(WRITTEN, encoding="utf-8")
    refuse_expired(city, date(2026, 12, 1))
    with pytest.raises(InventoryError) as caught:
        refuse_expired(city, date(2026, 12, 2))
    assert str(caught.value) == (
        f"{city}/holds.yaml:4:65: this hold ended on 2026-12-01: lift it, or give it another end\n"
        f"{city}/holds.yaml:6:62: this hold ended on 2026-12-01: lift it, or give it another end"
    )
    assert load(city).holds, "it goes on holding until somebody lifts it"


def test_what_is_put_back_is_the_file_where_nobody_else_wrote(city: Path) -> None:
    (city / "holds.yaml").write_text(WRITTEN, encoding="utf-8")
    written = hold(city, drain("nk-pop1", "2099-01-01"))
    assert put_back(city, written)
    assert (city / "holds.yaml").read_text(encoding="utf-8") == WRITTEN
    (city / "holds.yaml").unlink()
    assert put_back(city, hold(city, drain("nk-pop1", "2099-01-01")))
    assert not (city / "holds.yaml").exists()


def test_what_is_put_back_is_one_hold_where_others_wrote_meanwhile(city: Path) -> None:
    hold(city, drain("nk-pop1", "2099-01-01", "first"))
    replaced = hold(city, drain("nk-pop1", "2099-02-02", "second"))
    hold(city, drain("bt-pop1", "2099-01-01"))
    assert put_back(city, replaced)
    assert {each.object: each.reason for each in load(city).holds} == {
        "nk-pop1": "first",
        "bt-pop1": "đổi nguồn",
    }
    lifted = lift(city, "nk-pop1", "drain")
    assert lifted is not None
    lift(city, "bt-pop1", "drain")
    assert put_back(city, lifted)
    assert [each.object for each in load(city).holds] == ["nk-pop1"]


def test_a_hold_that_somebody_wrote_anew_meanwhile_is_theirs(city: Path) -> None:
    written = hold(city, drain("nk-pop1", "2099-01-01"))
    hold(city, drain("nk-pop1", "2099-01-01", "theirs"))
    assert not put_back(city, written)
    assert [each.reason for each in load(city).holds] == ["theirs"]


def test_those_who_write_at_the_same_time_wait_for_each_other(city: Path) -> None:
    devices = [f"dc-core{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda device: hold(city, drain(device, "2099-01-01")), devices))
    for device in devices:
        assert lift(city, device, "drain"), device
    assert not [file.name for file in city.iterdir() if file.name.startswith(".holds")]
