"""`infra-ctl adopt`: lines that nobody declared, until somebody does."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.change.wiring import wires
from infra_ctl.city import load_city
from infra_ctl.cli.exits import Exit
from infra_ctl.drivers.embedded import EmbeddedFleet, Fault
from tests.unit.cli.conftest import Command

WARD, ROUTE = "nk-an-hoa-ce1", "ip route 198.51.100.0/24 blackhole"


@pytest.fixture
def edited(infra_ctl: Command, tmp_path: Path, small_folder: Path) -> EmbeddedFleet:
    """The network as deployed, and a route that somebody added by hand."""
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    fleet = EmbeddedFleet(tmp_path / "var/embedded/devices", wires(load_city(small_folder).intents))
    with fleet.driver(WARD) as device:
        fleet.edit(WARD, f"{device.read()}{ROUTE}\n")
    return fleet


def running(fleet: EmbeddedFleet) -> str:
    with fleet.driver(WARD) as device:
        return device.read()


def test_a_line_that_nobody_declared_is_reported_and_stays(infra_ctl: Command, edited: EmbeddedFleet) -> None:
    said = infra_ctl("plan")
    assert said.code == Exit.DONE
    assert f"? {WARD}   1 line that intent does not know stays: infra-ctl adopt {WARD}" in said.out
    assert infra_ctl("adopt", WARD).out == f"  {ROUTE}\n"
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    assert ROUTE in running(edited)


def test_a_line_that_is_kept_is_reported_no_more(infra_ctl: Command, edited: EmbeddedFleet) -> None:
    said = infra_ctl("adopt", WARD, "--keep", "--reason", "a pilot until March")
    assert said.out.endswith("1 line kept in unmanaged.yaml\n")
    assert infra_ctl("plan").out.startswith("no changes (10 devices, ")
    assert infra_ctl("adopt", WARD).out == f"{WARD}: nothing that intent does not know\n"
    assert infra_ctl("check").code == Exit.DONE
    assert ROUTE in running(edited)


def test_a_line_that_is_claimed_goes(infra_ctl: Command, edited: EmbeddedFleet, small_folder: Path) -> None:
    infra_ctl("adopt", WARD, "--claim", "--reason", "left over from 2019")
    assert "left over from 2019" in (small_folder / "unmanaged.yaml").read_text(encoding="utf-8")
    assert f"- {ROUTE}\n" in infra_ctl("plan").out
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    assert ROUTE not in running(edited)
    assert infra_ctl("plan").out.startswith("no changes (10 devices, ")


def test_a_device_that_does_not_answer_is_a_failure_and_nothing_is_written(
    infra_ctl: Command, small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (small_folder / "unmanaged.yaml").read_bytes()
    monkeypatch.setattr(EmbeddedFleet, "fault", lambda *_: Fault(unreachable=True))
    said = infra_ctl("adopt", WARD, "--keep", "--reason", "a pilot")
    assert (said.code, said.out) == (Exit.FAILED, "")
    assert said.err.endswith(f"error: {WARD}: no answer\n")
    assert (small_folder / "unmanaged.yaml").read_bytes() == before
