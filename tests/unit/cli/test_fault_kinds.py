"""The faults of the live trials, as far as they can be told without a router: see tests/lab/faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from infra_ctl.journal.store import Journal
from tests.lab.city_slice import AN_HOA, POP, REFERENCE
from tests.lab.faults.ground import HOSTS, SELECTOR, SLICE
from tests.lab.faults.kinds import WRITES
from tests.unit.cli.conftest import Command


def test_a_deployment_is_died_at_at_each_of_its_writes(
    infra_ctl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deployment of the trials: three routers that were edited, in two waves."""
    monkeypatch.setenv("INFRA_CTL_INVENTORY", str(REFERENCE))
    assert infra_ctl("deploy", "--yes", SLICE).code == Exit.DONE
    for host in HOSTS:
        edit(tmp_path / "var" / "embedded" / "devices" / f"{host}.json")
    write, writes = Journal._write, list[int]()

    @contextmanager
    def counted(journal: Journal) -> Iterator[object]:
        writes.append(1)
        with write(journal) as connection:
            yield connection

    monkeypatch.setattr(Journal, "_write", counted)
    deployed = infra_ctl("deploy", "--yes", SELECTOR)
    assert deployed.code == Exit.DONE
    assert f"wave 1/2  {AN_HOA}" in deployed.out
    assert f"wave 2/2  {POP}" in deployed.out
    assert len(writes) == WRITES


def edit(device: Path) -> None:
    """As by hand on the router: its loopback gets another description."""
    text = device.read_text(encoding="utf-8")
    edited = text.replace(r"interface lo\n description loopback", r"interface lo\n description by hand")
    assert edited != text
    device.write_text(edited, encoding="utf-8")
