"""What the two dead-man timers share is said once, and each says the rest."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from infra_ctl.deadman.script import ANSWERS, MISSING, Script

SHARED = resources.files("infra_ctl.deadman").joinpath("lease_and_timer.sh").read_text()
BELOW = ["infra_ctl.drivers.frr", "infra_ctl.hosts"]


def functions(text: str) -> set[str]:
    return set(re.findall(r"^(\w+)\(\)", text, re.MULTILINE))


def test_every_exit_code_is_known():
    (line,) = re.findall(r"^busy=.*$", SHARED, re.MULTILINE)
    assert {int(code) for code in re.findall(r"=(\d+)", line)} == set(ANSWERS)
    assert MISSING not in ANSWERS


@pytest.mark.parametrize("package", BELOW)
def test_what_is_asked_of_a_timer_it_says_and_nothing_of_what_all_do(package):
    own = resources.files(package).joinpath("deadman.sh").read_text()
    comment = SHARED.partition("set -u")[0]
    asked = {"refuse_trial_of_others", "stop_work", "restore", "note", "unit_text"}
    assert asked <= set(re.findall(r"^#   (\w+) ", comment, re.MULTILINE))
    assert asked <= functions(own)
    assert not functions(own) & functions(SHARED)
    for word in ("pending", "gone", "stem", "hook", "unit", "trial"):
        assert re.search(rf"^{word}=", own, re.MULTILINE), word


def test_a_version_is_known_by_all_of_its_text():
    frr, host = (Script.of("deadman", package) for package in BELOW)
    assert frr.text.startswith("#!/bin/sh\n")
    assert frr.text.startswith(SHARED)
    assert frr.name != host.name
    assert re.fullmatch(r"deadman-[0-9a-f]{12}\.sh", frr.name)
