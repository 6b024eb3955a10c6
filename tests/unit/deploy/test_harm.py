"""Which paths a run owes at its end."""

from __future__ import annotations

from ipaddress import ip_address

from infra_ctl.change.losses import path_named
from infra_ctl.deploy.harm import owed
from infra_ctl.intent.expectations import LOOPBACK, Reachable


def path(target: str, what: str = LOOPBACK) -> Reachable:
    return Reachable("core", ip_address("10.0.0.1"), target, what, ip_address("10.0.0.9"), 1500)


WARD, LAN, POP = path("ward"), path("ward", "staff"), path("pop")
BEFORE = (WARD, LAN, POP)
EACH_WAVE = ((WARD, POP), (WARD, POP))
TO_WARD = path_named(WARD)


def test_what_answered_before_is_owed() -> None:
    assert owed(BEFORE, EACH_WAVE, ((), ())) == BEFORE
    assert owed((), EACH_WAVE, ((), ())) == ()


def test_what_an_early_wave_cuts_is_owed_by_the_last() -> None:
    assert owed(BEFORE, EACH_WAVE, ((TO_WARD,), ())) == BEFORE


def test_what_the_last_wave_was_to_cut_is_not_owed_nor_are_its_lans() -> None:
    assert owed(BEFORE, EACH_WAVE, ((), (TO_WARD,))) == (POP,)


def test_a_wave_that_is_not_asked_about_a_path_changes_nothing_about_it() -> None:
    """A ward that is deployed alone before others, towards a PoP that has its turn another day."""
    assert owed(BEFORE, ((WARD,), (POP,)), ((TO_WARD,), ())) == (POP,)
