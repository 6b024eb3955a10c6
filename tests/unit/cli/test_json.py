"""`--output json`: one value on stdout whatever happens, all else on stderr."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.change.plan import Plan
from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command

JSON = ("--output", "json")


def test_check_counts_and_lists_problems(infra_ctl: Command, small_folder: Path) -> None:
    said = infra_ctl("check", *JSON)
    assert said.json["problems"] == []
    assert said.json["counts"]["devices"] == 10
    with (small_folder / "communes.csv").open("a", encoding="utf-8") as table:
        table.write("nk-moi,99999,nk,30,comune,dual,\n")
    said = infra_ctl("check", *JSON)
    assert said.code == Exit.USAGE
    assert [(problem["line"], problem["column"]) for problem in said.json["problems"]] == [(7, 2), (7, 5)]
    assert said.json["problems"][1]["file"] == str(small_folder / "communes.csv")


def test_a_plan_is_what_would_be_saved(infra_ctl: Command, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    said = infra_ctl("plan", "pop=nk", "-o", str(path), *JSON)
    assert said.code == Exit.DONE
    assert Plan.model_validate(said.json) == Plan.model_validate_json(path.read_bytes())
    assert "s3cret" not in said.out


def test_a_deployment_is_one_value_with_every_device_s_end(infra_ctl: Command) -> None:
    said = infra_ctl("deploy", "pop=nk", "--yes", *JSON)
    assert said.code == Exit.DONE
    assert said.json == {
        "run": said.json["run"],
        "state": "done",
        "summary": "3 confirmed",
        "cause": "",
        "devices": {
            host: {"state": "confirmed", "cause": ""}
            for host in ("nk-an-hoa-ce1", "nk-cai-khe-ce1", "nk-pop1")
        },
        "not_started": [],
        "not_planned": {},
        "taken_back": {},
        "end_state": [],
        "lost": [],
        "rollback": None,
        "left": None,
        "backup": None,
    }
    assert "wave 2/2  nk-pop1" in said.err


def test_a_deployment_with_nothing_to_do_is_a_value_too(infra_ctl: Command) -> None:
    infra_ctl("deploy", "--yes")
    said = infra_ctl("deploy", *JSON)
    assert (said.json["run"], said.json["summary"], said.json["devices"]) == (None, "nothing to do", {})
    assert "no changes (10 devices, " in said.err


def test_a_dry_run_is_its_plan(infra_ctl: Command) -> None:
    said = infra_ctl("deploy", "--dry-run", *JSON)
    assert len(Plan.model_validate(said.json).changed) == 10
    assert infra_ctl("runs", *JSON).json == []


def test_verify_has_every_outcome(infra_ctl: Command) -> None:
    infra_ctl("deploy", "--yes")
    said = infra_ctl("verify", "nk-pop1", *JSON)
    assert said.code == Exit.DONE
    assert {outcome["verdict"] for outcome in said.json} == {"pass"}
    assert {"check", "object", "verdict", "message"} == set(said.json[0])
    checks = {outcome["check"] for outcome in said.json}
    assert checks == {"interface", "ospf", "ospf6", "bfd", "bgp", "reachable", "path-mtu"}


def test_runs_and_a_run_are_values(infra_ctl: Command) -> None:
    run = infra_ctl("deploy", "pop=bt", "--yes", "--ticket", "CT-7", *JSON).json["run"]
    assert [each["id"] for each in infra_ctl("runs", *JSON).json] == [run]
    shown = infra_ctl("show", "run", run, "bt-pop1", *JSON).json
    assert shown["run"]["ticket"] == "CT-7"
    assert [step["device"] for step in shown["steps"]] == ["bt-pop1"]
    assert [event["state"] for event in shown["events"]] == ["applying", "applied", "confirming", "confirmed"]


@pytest.mark.parametrize(
    ("command", "member"),
    [
        (("show", "device", "nk-pop1"), "hostname"),
        (("render", "pop=nk"), "nk-pop1"),
        (("ip", "lock"), "added"),
        (("adopt", "nk-pop1"), "lines"),
    ],
)
def test_the_rest_are_values(infra_ctl: Command, command: tuple[str, ...], member: str) -> None:
    said = infra_ctl(*command, *JSON)
    assert said.code == Exit.DONE
    assert member in said.json


def test_addresses_are_a_list(infra_ctl: Command) -> None:
    assert {"device": "nk-pop1", "interface": "lo", "address": "10.0.1.1/32"} in infra_ctl(
        "ip", "list", "nk-pop1", *JSON
    ).json
