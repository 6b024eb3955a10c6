"""`infra-ctl audit import`: results of OpenSCAP from elsewhere, for the host that they are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from tests.unit.audit.test_openscap import written
from tests.unit.cli.conftest import Command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "results.xml"
    place.write_text(written(found="fail", end="2026-01-27T07:00:00+07:00"))
    return place


def test_results_are_kept_and_told_in_a_line(infra_ctl: Command, file: Path, tmp_path: Path) -> None:
    said = infra_ctl("audit", "import", str(file), "--host", "dc-app-1")
    line = "dc-app-1: DEBIAN-11 0.1.65, standard, 2026-01-27 00:00:00 UTC: 1 pass · 1 fail\n"
    assert (said.code, said.out) == (Exit.DONE, line)
    assert (tmp_path / "var/scap/embedded/dc-app-1.json").stat().st_mode & 0o077 == 0

    told = infra_ctl("audit", "import", str(file), "--host", "dc-app-1", "--output", "json").json
    assert (told["host"], told["counts"]) == ("dc-app-1", {"pass": 1, "fail": 1})


def test_what_cannot_be_kept_is_one_line_and_its_exit_code(infra_ctl: Command, file: Path) -> None:
    def told(*words: str) -> tuple[int, str]:
        said = infra_ctl("audit", "import", *words)
        return said.code, said.err.strip().splitlines()[-1]

    code, line = told(str(file), "--host", "dc-ap-1")
    assert (code, "there is no host 'dc-ap-1' (did you mean" in line) == (Exit.USAGE, True), line
    code, line = told(str(file), "--host", "dc-db-1")
    assert (code, line.endswith("and not of dc-db-1")) == (Exit.REFUSED, True), line
    file.write_text("<")
    code, line = told(str(file), "--host", "dc-app-1")
    assert (code, f"{file} is no whole XML" in line) == (Exit.USAGE, True), line
    code, line = told(str(file.parent / "gone.xml"), "--host", "dc-app-1")
    assert (code, line.endswith("gone.xml: No such file or directory")) == (Exit.USAGE, True), line
