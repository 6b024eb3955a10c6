"""docs/controls.md says what is so."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from infra_ctl.controls import catalogue
from infra_ctl.controls.code import OURS
from infra_ctl.controls.granting import wrong
from infra_ctl.controls.loading import laws
from infra_ctl.controls.model import Control, Law, Term
from infra_ctl.inventory import load

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/controls.md").read_text(encoding="utf-8")


def test_its_catalogue_is_what_the_command_prints() -> None:
    assert PAGE.endswith("\n\n" + catalogue.tables())


def test_no_fact_stands_twice_and_every_name_is_of_one_form() -> None:
    assert len(catalogue.FACTS) == sum(map(len, catalogue.GROUPS.values()))
    for name, known in catalogue.FACTS.items():
        assert re.fullmatch(r"[a-z]+[.][a-z]+(_[a-z]+)*", name)
        assert known.of
        assert not known.says.endswith(".")
        assert "|" not in known.says


def test_it_has_every_key() -> None:
    keys = {
        field.alias or name
        for model in (Control, Term)
        for name, field in model.model_fields.items()
        if name != "id"
    }
    for key in keys:
        assert f"`{key}`" in PAGE, key


def test_it_has_every_code() -> None:
    for each in OURS.values():
        assert f"| `{each.name}` | {', '.join(each.of)} | {each.says} | {each.why} |\n" in PAGE


def test_it_has_every_shipped_law(shipped: dict[str, Law]) -> None:
    assert re.findall(r"^\| `([a-z0-9-]+-[a-z0-9-]+)` \|", PAGE.partition("\n## ")[0], re.MULTILINE) == [
        "tcvn-14423-2026",
        "tcvn-11930-2017",
        "tslcd-2026",
        "city-standard",
    ]
    assert len(shipped) == 4


def test_its_examples_are_laws(tmp_path: Path) -> None:
    (tmp_path / "controls").mkdir()
    examples = re.findall("```yaml\n(law:.*?)```", PAGE, re.DOTALL)
    for number, text in enumerate(examples):
        (tmp_path / f"controls/{number}.yaml").write_text(text, encoding="utf-8")
    found = laws(tmp_path)
    assert found["tcvn-14423-2026"].controls["LOG-03"].levels[2] == "90d"
    assert list(found["can-tho-2026"].controls) == ["CTY-01"]


def test_its_example_of_waivers_waives_something(tmp_path: Path, shipped: dict[str, Law]) -> None:
    folder = Path(shutil.copytree(ROOT / "inventory", tmp_path / "city"))
    (example,) = re.findall("```yaml\n(waivers:.*?)```", PAGE, re.DOTALL)
    (folder / "waivers.yaml").write_text(example, encoding="utf-8")
    assert [*wrong(load(folder), shipped)] == []
