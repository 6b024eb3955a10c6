"""`infra-ctl check` on what people wrote down."""

from __future__ import annotations

from pathlib import Path

from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command


def test_a_record_of_a_day_to_come_is_a_problem_and_no_obstacle(
    infra_ctl: Command, small_folder: Path
) -> None:
    records = small_folder / "records.yaml"
    written = records.read_text(encoding="utf-8").replace("date: 2020-06-18", "date: 2999-01-01")
    records.write_text(written, encoding="utf-8")
    said = infra_ctl("check")
    assert said.code == Exit.USAGE
    assert f"{records}:2:40: this is still to come" in said.err
    assert infra_ctl("plan").code == Exit.DONE
