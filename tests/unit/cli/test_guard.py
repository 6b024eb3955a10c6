"""The controller keeps its way to every device: what breaks it is refused, and what can be made first is."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from infra_ctl.deploy import run, step
from infra_ctl.verify import looking
from tests.unit.cli.conftest import Command, Said
from tests.unit.cli.test_resume import killed

WARD, OLD, NEW = "nk-an-hoa-ce1", "nk-pop1", "bt-pop1"
ROW = "nk-an-hoa-1,nk:pop1/eth11,nk-an-hoa:ce1/eth0,tslcd-2,l2,VNPT,50,1500,south,0.1%,12,5\n"
FIRST = "nk-cai-khe-1,nk:pop1/eth10,nk-cai-khe:ce1/eth0,tslcd-2,l2,VNPT,50,1500,north,0.1%,20,5\n"
MOVED = "nk-an-hoa-2,bt:pop1/eth41,nk-an-hoa:ce1/eth1,tslcd-2,l2,VNPT,50,1500,south,0.1%,12,5\n"
JSON = ("--output", "json")
OLD_LINK = "nk-pop1/eth11"


@pytest.fixture
def deployed(infra_ctl: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The small city as intended, and no patience with what does not come up."""
    monkeypatch.setattr(step, "patience", partial(step.Patience, neighbours=0.05, pause=0.01, grace=0.1))
    monkeypatch.setattr(run, "END_STATE_SECONDS", 0.05)
    monkeypatch.setattr(run, "ROLLED_BACK_SECONDS", 0.05)
    monkeypatch.setattr(run, "PAUSE", 0.01)
    monkeypatch.setattr(looking, "PAUSE", 0.01)
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    return infra_ctl


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def unmanaged(folder: Path, lines: dict[str, str]) -> None:
    """Declare these lines, by device, and no others."""
    entries = "".join(
        f"\n- {{device: {host}, line: '{line}', reason: a test}}" for host, line in lines.items()
    )
    text = f"unmanaged:{entries or ' []'}\nclaimed: []\n"
    (folder / "unmanaged.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def circuits(small_folder: Path, deployed: Command) -> Callable[[str, str], None]:
    """Replaces a row of the circuits by another, and locks what it needs."""

    def replace(old: str, new: str) -> None:
        edit(small_folder / "circuits.csv", old, new)
        said = deployed("ip", "lock")
        assert said.code == Exit.DONE, said

    return replace


@pytest.fixture
def unmanage(small_folder: Path) -> Callable[[str, str], None]:
    """Declares a line of a device: it is configured as it stands, which is how bad lines get in."""

    def declare(device: str, line: str) -> None:
        unmanaged(small_folder, {device: line})

    return declare


def refused(said: Said) -> str:
    """Its last line."""
    assert said.code == Exit.REFUSED, said
    return said.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ip ospf passive", "nk-pop1/eth11 is passive"),
        ("shutdown", "nk-pop1/eth11 is shut down"),
        (
            "ip ospf dead-interval 7",
            "dead intervals differ: 40 at nk-an-hoa-ce1/eth0, 7 at nk-pop1/eth11",
        ),
    ],
)
def test_a_change_that_takes_a_ward_s_only_way_is_refused_with_the_way(
    deployed: Command, unmanage: Callable[[str, str], None], line: str, why: str
) -> None:
    unmanage(OLD, f"interface eth11 / {line}")
    cause = f"{WARD}: after wave 1 (nk-pop1) no way from dc-core1: {why}"
    planned = deployed("plan", "--exit-code")
    assert planned.code == Exit.FOUND
    assert f"cuts    {cause}\n" in planned.out
    assert deployed("plan", *JSON).json["breaks"] == [
        {"device": WARD, "wave": 1, "change": [OLD], "path": f"no way from dc-core1: {why}"}
    ]
    runs = deployed("runs", *JSON).json
    said = refused(deployed("deploy", "--yes"))
    assert said == f"error: {cause}: nothing was done. To do it all the same: --may-cut"
    assert deployed("runs", *JSON).json == runs


def test_what_may_be_cut_is_cut_and_its_loss_is_expected(
    deployed: Command, unmanage: Callable[[str, str], None]
) -> None:
    unmanage(OLD, "interface eth11 / ip ospf passive")
    said = deployed("deploy", "--yes", "--may-cut", OLD)
    assert "1 confirmed" in said.out
    run_id = deployed("runs", *JSON).json[0]["id"]
    back = deployed("rollback", run_id, "--yes")
    assert back.code == Exit.DONE, "what comes back breaks nothing"


def test_a_saved_plan_that_cuts_is_refused_too(
    deployed: Command, unmanage: Callable[[str, str], None], tmp_path: Path
) -> None:
    unmanage(OLD, "interface eth11 / ip ospf passive")
    file = tmp_path / "plan.json"
    assert deployed("plan", "-o", str(file)).code == Exit.DONE
    assert "nk-pop1/eth11 is passive" in refused(deployed("deploy", "--plan", str(file), "--yes"))
    assert deployed("deploy", "--plan", str(file), "--yes", "--may-cut").code != Exit.REFUSED


BOTH_WAYS = {NEW: "interface eth40 / ip ospf passive", OLD: "interface eth10 / ip ospf passive"}
"""Each takes one of the two ways to nk-cai-khe-ce1."""


@pytest.mark.parametrize("may_cut", [(), ("--may-cut",)])
def test_a_saved_plan_that_another_one_made_cut_is_refused(
    deployed: Command, small_folder: Path, tmp_path: Path, may_cut: tuple[str, ...]
) -> None:
    """Both were made of one inventory, on devices of their own, and neither alone cuts anything."""
    unmanaged(small_folder, BOTH_WAYS)
    files = {host: str(tmp_path / f"{host}.json") for host in BOTH_WAYS}
    for host, file in files.items():
        assert "cuts " not in deployed("plan", host, "-o", file).out
    assert deployed("deploy", "--plan", files[NEW], "--yes").code == Exit.DONE
    runs = deployed("runs", *JSON).json
    said = refused(deployed("deploy", "--plan", files[OLD], "--yes", *may_cut))
    assert said.startswith("error: nk-cai-khe-ce1: after wave 1 (nk-pop1) no way from dc-core1: ")
    assert ": not so when plan " in said
    assert deployed("runs", *JSON).json == runs


def test_a_saved_plan_sees_what_was_done_by_hand_to_devices_that_it_leaves_alone(
    deployed: Command, small_folder: Path, tmp_path: Path
) -> None:
    unmanaged(small_folder, {OLD: BOTH_WAYS[OLD]})
    file = tmp_path / "plan.json"
    deployed("plan", "-o", str(file))
    device = tmp_path / "var/embedded/devices" / f"{NEW}.json"
    text = device.read_text(encoding="utf-8")
    assert text.count("interface eth40\\n") == 2
    by_hand = text.replace("interface eth40\\n", "interface eth40\\n ip ospf passive\\n", 1)
    device.write_text(by_hand, encoding="utf-8")
    said = refused(deployed("deploy", "--plan", str(file), "--yes"))
    assert said.startswith("error: nk-cai-khe-ce1: after wave 1 (nk-pop1) ")


def test_what_was_rolled_back_is_what_the_next_plan_goes_by(deployed: Command, small_folder: Path) -> None:
    """A way that a rollback has taken again is not counted on by a plan that does not read its devices."""
    for lines in ({NEW: BOTH_WAYS[NEW]}, {}):
        unmanaged(small_folder, lines)
        if not lines:
            line = {"device": NEW, "line": BOTH_WAYS[NEW], "reason": "a test"}
            claimed = f"unmanaged: []\nclaimed:\n- {json.dumps(line)}\n"
            (small_folder / "unmanaged.yaml").write_text(claimed, encoding="utf-8")
        assert deployed("deploy", NEW, "--yes").code == Exit.DONE
    last = deployed("runs", *JSON).json[0]["id"]
    assert deployed("rollback", last, "--yes").code == Exit.DONE
    unmanaged(small_folder, {OLD: BOTH_WAYS[OLD]})
    said = refused(deployed("deploy", OLD, "--yes"))
    assert said.startswith("error: nk-cai-khe-ce1: after wave 1 (nk-pop1) no way from dc-core1: ")


def test_a_rollback_that_cuts_is_refused_and_one_that_may_is_done(deployed: Command) -> None:
    """Back to day 0, where nobody has a way to anybody."""
    run_id = deployed("runs", *JSON).json[0]["id"]
    assert "no way from dc-core1" in refused(deployed("rollback", run_id, WARD, "--yes"))
    assert deployed("rollback", run_id, WARD, "--yes", "--may-cut").code == Exit.DONE


def test_a_circuit_that_is_taken_out_of_the_inventory_is_still_a_way(
    deployed: Command,
    circuits: Callable[[str, str], None],
    unmanage: Callable[[str, str], None],
    small_folder: Path,
) -> None:
    """A ward with two of which one carries nothing, and the other one's contract ends."""
    unmanage(NEW, "interface eth40 / ip ospf passive")
    assert "1 confirmed" in deployed("deploy", "--yes", NEW).out
    edit(small_folder / "communes.csv", "commune-dual,dual", "commune,addressed")
    edit(small_folder / "systems.yaml", "[nk-cai-khe]", "[]")
    circuits(FIRST, "")
    for selector in ((), ("nk-cai-khe-ce1",), (OLD,)):
        said = refused(deployed("deploy", "--yes", *selector))
        assert said.startswith("error: nk-cai-khe-ce1: after wave 1 (")
        assert "no way from dc-core1: OSPF is not on at" in said


def test_a_site_that_has_left_the_inventory_is_owed_no_way(
    deployed: Command, circuits: Callable[[str, str], None], small_folder: Path
) -> None:
    edit(small_folder / "communes.csv", "bt-long-hoa,31180,bt,1a,commune,addressed,\n", "")
    edit(small_folder / "city.yaml", "    bt-long-hoa site-ipv4: 10.67.200.0/24\n", "")
    circuits("bt-long-hoa-1,bt:pop1/eth10,bt-long-hoa:ce1/eth0,tslcd-2,l2,VNPT,50,1500,south,0.1%,12,5\n", "")
    assert deployed("deploy", "--yes").code == Exit.DONE
    assert deployed("plan", "--exit-code").code == Exit.DONE


def test_a_ward_that_moves_gets_its_new_link_before_it_loses_the_old_one(
    deployed: Command, circuits: Callable[[str, str], None]
) -> None:
    circuits(ROW, MOVED)
    planned = deployed("plan")
    link = f"{WARD}/eth0 to {OLD_LINK}"
    assert f"keeps   {link}, until a second run has seen what takes its place" in planned.out
    assert "cuts " not in planned.out
    said = deployed("deploy", "--yes")
    assert said.code == Exit.DONE, said
    assert f"made    now {link} may go" in said.out
    first, second = deployed("runs", *JSON).json[1::-1]
    steps = [
        {step["device"]: step["state"] for step in deployed("show", "run", each["id"], *JSON).json["steps"]}
        for each in (first, second)
    ]
    assert steps == [dict.fromkeys([WARD, NEW], "confirmed"), dict.fromkeys([WARD, OLD], "confirmed")]
    assert deployed("plan", "--exit-code").code == Exit.DONE
    assert deployed("verify").code == Exit.DONE


def test_both_runs_are_one_value(deployed: Command, circuits: Callable[[str, str], None]) -> None:
    circuits(ROW, MOVED)
    done = deployed("deploy", "--yes", *JSON).json
    assert set(done["first"]["devices"]) == {WARD, NEW}
    assert set(done["devices"]) == {WARD, OLD}


def test_a_saved_plan_makes_and_says_how_to_go_on(
    deployed: Command, circuits: Callable[[str, str], None], tmp_path: Path
) -> None:
    circuits(ROW, MOVED)
    file = tmp_path / "plan.json"
    deployed("plan", "-o", str(file))
    said = deployed("deploy", "--plan", str(file), "--yes")
    assert said.code == Exit.PARTIAL
    assert said.out.splitlines()[-1] == f"left    infra-ctl deploy      removes {WARD}/eth0 to {OLD_LINK}"
    after = deployed("deploy", "--yes")
    assert "2 confirmed" in after.out
    assert deployed("plan", "--exit-code").code == Exit.DONE


def test_one_interface_cannot_have_both_links(
    deployed: Command, circuits: Callable[[str, str], None]
) -> None:
    circuits(ROW, MOVED.replace("ce1/eth1", "ce1/eth0"))
    assert refused(deployed("deploy", "--yes")).startswith(f"error: {WARD}: after wave 1 ({WARD}) ")
    why = f"not made before it is broken: {WARD}/eth0 is to lead to bt-pop1/eth41, and leads to {OLD_LINK}"
    assert why in deployed("plan").out


def test_one_subnet_cannot_be_on_both_links(deployed: Command, circuits: Callable[[str, str], None]) -> None:
    """The same circuit, by its id, keeps its addresses wherever it leads."""
    circuits(ROW, MOVED.replace("nk-an-hoa-2", "nk-an-hoa-1"))
    refused(deployed("deploy", "--yes"))
    assert f"which {WARD}/eth0 has until it goes" in deployed("plan").out


def test_half_of_a_move_is_refused(deployed: Command, circuits: Callable[[str, str], None]) -> None:
    """The ward alone: nobody makes the other end of its new link."""
    circuits(ROW, MOVED)
    assert "no way from dc-core1" in refused(deployed("deploy", WARD, "--yes"))


def test_a_run_that_was_allowed_to_cut_is_resumed_without_another_word(
    deployed: Command, unmanage: Callable[[str, str], None]
) -> None:
    unmanage(OLD, "interface eth11 / ip ospf passive")
    killed(3, "after", "deploy", "--yes", "--may-cut", OLD)
    run_id = deployed("runs", *JSON).json[0]["id"]
    said = deployed("resume", run_id, "--yes")
    assert f"allowed to cut when it began: {WARD}: after wave 1" in said.out
    assert f"1 confirmed · run {run_id}" in said.out


def test_a_resume_that_would_cut_what_the_run_did_not_is_refused(
    deployed: Command, circuits: Callable[[str, str], None], tmp_path: Path
) -> None:
    """The ward's new link was shut down by hand before the old one is gone."""
    circuits(ROW, MOVED)
    file = tmp_path / "plan.json"
    deployed("plan", "-o", str(file))
    assert deployed("deploy", "--plan", str(file), "--yes").code == Exit.PARTIAL
    killed(3, "after", "deploy", "--yes")
    run_id = deployed("runs", *JSON).json[0]["id"]
    device = tmp_path / "var/embedded/devices" / f"{WARD}.json"
    text = device.read_text(encoding="utf-8")
    assert "interface eth1\\n" in text
    device.write_text(text.replace("interface eth1\\n", "interface eth1\\n shutdown\\n"), encoding="utf-8")
    said = refused(deployed("resume", run_id, "--yes", "--max-fail", "1"))
    assert said.startswith(f"error: {WARD}: after wave 2 ({OLD}) no way from dc-core1: OSPF is not on at")
    shown = deployed("show", "run", run_id, *JSON).json
    assert {step["device"]: step["state"] for step in shown["steps"]}[OLD] == "waiting"
