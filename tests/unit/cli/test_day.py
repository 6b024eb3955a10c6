"""A user's day on a simulated network: from an inventory to a proven city."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command

REFERENCE = Path(__file__).parents[3] / "inventory"


def test_from_check_to_no_changes(infra_ctl: Command, tmp_path: Path) -> None:
    said = infra_ctl("check")
    assert (said.code, said.out.splitlines()[-1]) == (Exit.DONE, "no problems")
    assert said.out.startswith("Thành phố Cần Thơ: 10 devices · 8 sites · 11 circuits")

    plan = str(tmp_path / "plan.json")
    said = infra_ctl("plan", "-o", plan)
    assert said.code == Exit.DONE
    assert "0 unchanged · 10 to change · 0 failed" in said.out
    assert "waves   1  bt-long-hoa-ce1 nk-an-hoa-ce1 nk-cai-khe-ce1\n" in said.out
    assert said.out.endswith(f"saved  {plan}     run it:  infra-ctl deploy --plan {plan}\n")
    assert infra_ctl("plan", "--exit-code").code == Exit.FOUND

    said = infra_ctl("verify")
    assert said.code == Exit.FOUND, "nothing is deployed yet"

    said = infra_ctl("deploy", "--plan", plan, "--yes", "--reason", "the first", "--ticket", "CT-1")
    assert said.code == Exit.DONE
    lines = [line for line in said.out.splitlines() if line.startswith("wave ") and " …" not in line]
    assert len(lines) == 10
    assert lines[-1].startswith(
        "wave 5/5  dc-core2                   armed · applied · tested · confirmed   "
    )
    run = said.out.splitlines()[-1].removeprefix("10 confirmed · run ")

    said = infra_ctl("verify")
    assert said.code == Exit.DONE
    assert "FAIL" not in said.out
    assert ", 0 failed (10 devices, " in said.out

    for command in ("plan", "deploy"):
        said = infra_ctl(command)
        assert (said.code, said.out[:24]) == (Exit.DONE, "no changes (10 devices, "), command
    assert infra_ctl("plan", "--exit-code").code == Exit.DONE

    said = infra_ctl("runs")
    assert run in said.out
    assert "the first (CT-1)" in said.out
    said = infra_ctl("show", "run", run)
    assert f"{run}  deploy  done  10 confirmed\n" in said.out
    said = infra_ctl("show", "run", run, "nk-pop1")
    timeline = [line.split()[1] for line in said.out.splitlines() if line.startswith(("  0", "  1", "  2"))]
    assert timeline == ["applying", "applied", "confirming", "confirmed"]
    assert "+ router ospf\n" in said.out


def test_every_line_of_the_simulated_network_is_announced_as_such(infra_ctl: Command) -> None:
    for command in ("plan", "verify"):
        assert infra_ctl(command).err.startswith("simulated: "), command


def test_a_plan_is_carried_out_once(infra_ctl: Command, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    infra_ctl("plan", "nk-an-hoa-ce1", "-o", plan)
    assert infra_ctl("deploy", "--plan", plan, "--yes").code == Exit.DONE
    said = infra_ctl("deploy", "--plan", plan, "--yes")
    assert said.code == Exit.REFUSED
    assert " was carried out already, by run " in said.err


def test_a_plan_of_an_older_inventory_is_refused(
    infra_ctl: Command, tmp_path: Path, small_folder: Path
) -> None:
    plan = str(tmp_path / "plan.json")
    infra_ctl("plan", "-o", plan)
    with (small_folder / "communes.csv").open("a", encoding="utf-8") as table:
        table.write("# a comment\n")
    said = infra_ctl("deploy", "--plan", plan, "--yes")
    assert (said.code, said.out) == (Exit.REFUSED, "")
    assert "the inventory changed since plan" in said.err


def test_a_part_of_a_city_is_deployed_and_owes_its_neighbours_nothing(infra_ctl: Command) -> None:
    said = infra_ctl("deploy", "pop=nk", "--yes")
    assert said.code == Exit.DONE
    assert said.out.splitlines()[-1].startswith("3 confirmed · run ")
    said = infra_ctl("deploy", "--yes")
    assert said.out.splitlines()[-1].startswith("7 confirmed · run ")
    assert infra_ctl("verify").code == Exit.DONE


@pytest.mark.parametrize("command", [("check",), ("plan",), ("deploy", "--yes"), ("verify",)])
def test_an_inventory_with_a_problem_stops_every_command(
    infra_ctl: Command, small_folder: Path, command: tuple[str, ...]
) -> None:
    with (small_folder / "communes.csv").open("a", encoding="utf-8") as table:
        table.write("nk-moi,99999,nk,30,comune,dual,\n")
    said = infra_ctl(*command)
    assert (said.code, said.out) == (Exit.USAGE, "")
    assert "communes.csv:7:5: profile 'comune' does not exist (did you mean 'commune'?)" in said.err


def test_the_city_of_can_tho_from_nothing_to_proven(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_CTL_INVENTORY", str(REFERENCE))
    said = infra_ctl("deploy", "--yes")
    assert said.code == Exit.DONE
    assert "\n103 confirmed · run " in said.out
    said = infra_ctl("verify")
    assert (said.code, said.out.count("FAIL")) == (Exit.DONE, 0)
    assert ", 0 failed (103 devices, " in said.out
    said = infra_ctl("deploy")
    assert said.out.startswith("no changes (103 devices, ")
