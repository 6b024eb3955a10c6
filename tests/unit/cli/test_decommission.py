"""A ward leaves the inventory: its neighbours are cleaned, then its prefixes may go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command

WARD, POP = "nk-an-hoa-ce1", "nk-pop1"


@pytest.fixture
def without_the_ward(infra_ctl: Command, small_folder: Path) -> None:
    """The city is deployed, then the ward leaves its inventory."""
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    for name in ("communes.csv", "circuits.csv", "city.yaml", "systems.yaml"):
        file = small_folder / name
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(line for line in lines if "nk-an-hoa" not in line), encoding="utf-8")


def locked(folder: Path) -> list[str]:
    return (folder / "allocations.lock.csv").read_text(encoding="utf-8").splitlines()


@pytest.mark.usefixtures("without_the_ward")
def test_its_neighbours_are_cleaned_before_its_prefixes_are_freed(
    infra_ctl: Command, small_folder: Path
) -> None:
    before = locked(small_folder)
    said = infra_ctl("check")
    assert said.out.splitlines()[1:] == [
        "still reserved for what is gone: nk-an-hoa nk-an-hoa-1 nk-an-hoa-ce1 (infra-ctl ip lock --free)",
        "no problems",
    ]
    assert infra_ctl("check", "--output", "json").json["reserved"]["nk-an-hoa-1 link-ipv4"] == "10.1.17.16/31"
    said = infra_ctl("ip", "lock", "--free")
    assert (said.code, said.err) == (
        Exit.REFUSED,
        f"error: {POP} was last confirmed with 10.1.17.16/31, of nk-an-hoa-1 link-ipv4: deploy it first\n",
    )
    assert infra_ctl("ip", "lock").out == "0 added · 0 freed\n"
    assert locked(small_folder) == before

    plan = infra_ctl("plan", "--output", "json").json
    assert plan["waves"] == [[POP]]
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    freed = infra_ctl("ip", "lock", "--free", "--output", "json").json["freed"]
    assert set(freed) == {
        f"{name}-ipv{version}"
        for name in ("nk-an-hoa site", "nk-an-hoa-1 link", f"{WARD} loopback")
        for version in (4, 6)
    }
    assert locked(small_folder) == [line for line in before if not line.startswith("nk-an-hoa")]
    assert infra_ctl("plan").out.startswith("no changes (9 devices, ")
    assert infra_ctl("check").out.splitlines()[1:] == ["no problems"]


@pytest.mark.usefixtures("without_the_ward")
def test_a_rollback_over_what_is_gone_asks_for_the_inventory_of_that_time(infra_ctl: Command) -> None:
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    cleaned, first = (run["id"] for run in infra_ctl("runs", "--output", "json").json)
    said = infra_ctl("rollback", cleaned, "--yes")
    assert (said.code, said.err.splitlines()[-1]) == (
        Exit.REFUSED,
        f"error: run {cleaned} took 10.1.17.16/31 from {POP}, and nothing in the inventory is there for it "
        "any more: bring back the inventory from before that run",
    )
    said = infra_ctl("rollback", first, "--yes")
    assert (said.code, said.err.splitlines()[-1]) == (
        Exit.REFUSED,
        f"error: run {first} changed {WARD}, which the inventory has no more: bring back the inventory of "
        f"that run, or leave it out: 'not {WARD}'",
    )


@pytest.mark.usefixtures("without_the_ward")
def test_nothing_is_freed_while_a_device_has_lines_that_nobody_knows(
    infra_ctl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another laptop's journal did not see the link deployed: to it the PoP's end is foreign."""
    monkeypatch.setenv("INFRA_CTL_JOURNAL", f"sqlite:///{tmp_path / 'other.db'}")
    assert "lines that intent does not know stay" in infra_ctl("plan").out
    said = infra_ctl("ip", "lock", "--free")
    assert (said.code, said.err.startswith(f"error: {POP} has lines that intent does not know")) == (
        Exit.REFUSED,
        True,
    )


@pytest.mark.usefixtures("without_the_ward")
def test_nothing_is_freed_while_nobody_knows_what_a_device_runs(
    infra_ctl: Command, small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal of a laptop that never saw the city: none at all, and one that saw some of it."""
    monkeypatch.setenv("INFRA_CTL_JOURNAL", f"sqlite:///{tmp_path / 'other.db'}")
    before = locked(small_folder)
    never = "never seen in sync in embedded"
    last = "may have them: infra-ctl plan looks. All the same: infra-ctl ip lock --free --unseen\n"
    first = "bk-r1 bt-long-hoa-ce1 bt-pop1 dc-core1 dc-core2 dc-edge1 … and 3 more"
    said = infra_ctl("ip", "lock", "--free")
    assert (said.code, said.out, said.err) == (Exit.REFUSED, "", f"error: {never}: {first}; {last}")
    assert not (tmp_path / "other.db").exists()
    monkeypatch.delenv("INFRA_CTL_JOURNAL")
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    with closing(sqlite3.connect(tmp_path / "var" / "journal.db")) as connection, connection:
        connection.execute("delete from synced where device = 'bt-pop1'")
    said = infra_ctl("ip", "lock", "--free")
    assert (said.code, said.err) == (Exit.REFUSED, f"error: {never}: bt-pop1; {last}")
    assert locked(small_folder) == before
    said = infra_ctl("ip", "lock", "--free", "--unseen")
    assert (said.code, said.out.splitlines()[0]) == (Exit.DONE, f"{never}: bt-pop1")
    assert len(locked(small_folder)) == len(before) - 6
    assert infra_ctl("ip", "lock", "--unseen").code == Exit.USAGE


def test_nothing_is_freed_that_a_rollback_has_put_back(infra_ctl: Command, small_folder: Path) -> None:
    """A ward left, came back with a rollback of its PoP's clean-up, and left again."""
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    names = ("communes.csv", "circuits.csv", "city.yaml", "systems.yaml")
    whole = {small_folder / name: (small_folder / name).read_text(encoding="utf-8") for name in names}

    def without() -> None:
        for file, text in whole.items():
            lines = (line for line in text.splitlines(keepends=True) if "nk-an-hoa" not in line)
            file.write_text("".join(lines), encoding="utf-8")

    without()
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    cleaned = infra_ctl("runs", "--output", "json").json[0]["id"]
    for file, text in whole.items():
        file.write_text(text, encoding="utf-8")
    assert infra_ctl("rollback", cleaned, "--yes").code == Exit.DONE
    without()
    said = infra_ctl("ip", "lock", "--free")
    assert (said.code, said.err) == (
        Exit.REFUSED,
        f"error: {POP} was last confirmed with 10.1.17.16/31, of nk-an-hoa-1 link-ipv4: deploy it first\n",
    )


def test_nothing_is_freed_before_what_was_rolled_back_is_as_intended(
    infra_ctl: Command, small_folder: Path
) -> None:
    other = "bt-pop1"
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    line = f"{{device: {other}, line: interface lo / description a test, reason: a test}}"
    (small_folder / "unmanaged.yaml").write_text(f"unmanaged:\n- {line}\nclaimed: []\n", encoding="utf-8")
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    assert (
        infra_ctl("rollback", infra_ctl("runs", "--output", "json").json[0]["id"], "--yes").code == Exit.DONE
    )
    for name in ("communes.csv", "circuits.csv", "city.yaml", "systems.yaml"):
        file = small_folder / name
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(line for line in lines if "nk-an-hoa" not in line), encoding="utf-8")
    assert infra_ctl("deploy", POP, "--yes").code == Exit.DONE
    said = infra_ctl("ip", "lock", "--free")
    assert (said.code, said.err) == (
        Exit.REFUSED,
        f"error: {other} was rolled back and may need them: infra-ctl deploy {other}\n",
    )
    assert infra_ctl("deploy", other, "--yes").code == Exit.DONE
    assert infra_ctl("ip", "lock", "--free").code == Exit.DONE
