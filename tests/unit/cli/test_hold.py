"""`infra-ctl hold` and what an isolation does to a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command

WARD = "nk-cai-khe"
HOLD = ("hold", "set", WARD, "isolate", "--reason", "malware", "--until", "2099-12-01")
WORDS = "nk-cai-khe: isolate until 2099-12-01: malware"


@pytest.fixture
def holds(small_folder: Path) -> Path:
    return small_folder / "holds.yaml"


def test_an_isolated_ward_stays_isolated_through_a_deploy_until_its_hold_is_lifted(
    infra_ctl: Command, holds: Path
) -> None:
    infra_ctl("deploy", "--yes")
    before = holds.read_bytes()
    assert infra_ctl(*HOLD).out == f"held    {WORDS}\n"
    assert infra_ctl(*HOLD).out == f"is held {WORDS}\n"
    assert infra_ctl("hold", "list").out.startswith(WORDS)
    said = infra_ctl("deploy", "--yes")
    assert (said.code, said.out.count("+  shutdown")) == (Exit.DONE, 5), said
    assert f"held    {WORDS}\n" in said.out
    said = infra_ctl("deploy", "--yes")
    assert said.out.startswith(f"held    {WORDS}\nno changes (10 devices, "), said
    assert infra_ctl("plan", "site=nk").out.count("held") == 0, "another site's hold"
    assert infra_ctl("hold", "lift", WARD, "isolate").out == f"lifted  {WARD}: isolate\n"
    assert holds.read_bytes() == before
    assert infra_ctl("hold", "lift", WARD, "isolate").out == f"no hold: {WARD}: isolate\n"
    said = infra_ctl("deploy", "--yes")
    assert (said.code, said.out.count("-  shutdown")) == (Exit.DONE, 5), said
    assert infra_ctl("deploy").out.startswith("no changes (10 devices, ")


def test_without_an_end_a_hold_keeps_the_one_that_it_has(infra_ctl: Command) -> None:
    infra_ctl(*HOLD)
    said = infra_ctl("hold", "set", WARD, "isolate", "--reason", "ransomware", "--output", "json")
    assert (said.json["until"], said.json["reason"], said.json["changed"]) == (
        "2099-12-01",
        "ransomware",
        True,
    )


@pytest.mark.parametrize(
    ("name", "effect", "words"),
    [
        ("nk-cai-kh", "isolate", "'nk-cai-kh' does not exist (did you mean 'nk-cai-khe'?)"),
        ("nk", "isolate", "nk has no LAN that could be shut off"),
        ("nk-cai-khe", "drain", "device 'nk-cai-khe' does not exist"),
        ("dc-ntp-1", "drain", "dc-ntp-1 is a host: a host can only be isolated"),
        ("../etc", "isolate", "'../etc'"),
    ],
)
def test_what_cannot_be_held_is_refused_and_nothing_is_written(
    infra_ctl: Command, holds: Path, name: str, effect: str, words: str
) -> None:
    before = holds.read_bytes()
    said = infra_ctl("hold", "set", name, effect, "--reason", "malware")
    assert (said.code, holds.read_bytes()) == (Exit.USAGE, before), said
    assert words in said.err
    assert "Traceback" not in said.err


def test_what_does_not_exist_cannot_be_let_go(infra_ctl: Command) -> None:
    said = infra_ctl("hold", "lift", "dc-ntp-9", "isolate")
    assert (said.code, said.out) == (Exit.USAGE, "")
    assert said.err.startswith("error: there is no site, no device and no host 'dc-ntp-9' (did you mean ")
    for name in ("nk-pop1", "dc-ntp-1"):
        assert infra_ctl("hold", "lift", name, "isolate").out == f"no hold: {name}: isolate\n"


def test_an_end_that_is_over_is_refused(infra_ctl: Command, holds: Path) -> None:
    before = holds.read_bytes()
    said = infra_ctl(*HOLD[:-1], "2020-01-01")
    assert (said.code, holds.read_bytes()) == (Exit.USAGE, before)
    assert "--until 2020-01-01 is over" in said.err
