"""`infra-ctl plan --explain`: one device's place, in few lines."""

from __future__ import annotations

from tests.unit.cli.conftest import Command


def test_a_device_that_changes_is_explained(infra_ctl: Command) -> None:
    said = infra_ctl("plan", "--explain", "nk-pop1")
    assert said.code == 0, said
    first, wave, *rest = said.out.splitlines()
    assert (first, wave) == ("nk-pop1", "  wave       3 of 5, 1 link from where the controller is")
    assert "  not in 2   bt-pop1 stands in for it there" in rest
    assert len(rest) <= 6
    told = infra_ctl("plan", "--explain", "nk-pop1", "--output", "json").json
    assert (told["wave"], told["kept_out"]) == (
        3,
        [{"wave": 2, "cause": "partner", "because": ["bt-pop1"]}],
    )


def test_one_that_does_not_change_and_one_that_is_not_selected_get_a_line(infra_ctl: Command) -> None:
    assert infra_ctl("deploy", "--yes").code == 0
    assert infra_ctl("plan", "--explain", "nk-pop1").out == "nk-pop1 is in no wave: unchanged\n"
    assert infra_ctl("plan", "site=dc", "--explain", "nk-pop1").out == "nk-pop1 is in no wave: not selected\n"
    told = infra_ctl("plan", "--explain", "nk-pop1", "--output", "json").json
    assert told == {"device": "nk-pop1", "wave": None, "status": "unchanged", "why": "unchanged"}


def test_one_that_there_is_not_is_a_usage_error(infra_ctl: Command) -> None:
    said = infra_ctl("plan", "--explain", "nk-pop9")
    assert (said.code, said.err) == (
        2,
        "error: there is no device and no host 'nk-pop9' (did you mean 'nk-pop1'?)\n",
    )
