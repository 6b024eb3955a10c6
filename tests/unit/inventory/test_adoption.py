"""What an engineer decides of foreign lines is written where the inventory reads it."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from infra_ctl.inventory.adoption import declare

LINE = "router bgp 65000 / neighbor 192.0.2.9 remote-as 65009"


def read(path: Path) -> dict[str, list[dict[str, str]]]:
    content: dict[str, list[dict[str, str]]] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return content


def test_lines_are_declared_once_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / "unmanaged.yaml"
    path.write_text("# who may write here\nunmanaged: []\nclaimed: []\n", encoding="utf-8")
    for _ in range(2):
        declare(path, "unmanaged", "nk-pop1", [LINE], "thí điểm đo xa")
    assert read(path)["unmanaged"] == [{"device": "nk-pop1", "line": LINE, "reason": "thí điểm đo xa"}]
    assert "# who may write here" in path.read_text(encoding="utf-8")


def test_a_claimed_line_is_no_longer_unmanaged(tmp_path: Path) -> None:
    path = tmp_path / "unmanaged.yaml"
    declare(path, "unmanaged", "nk-pop1", [LINE], "a")
    declare(path, "unmanaged", "nk-pop2", [LINE], "a")
    declare(path, "claimed", "nk-pop1", [LINE], "b")
    content = read(path)
    assert [entry["device"] for entry in content["unmanaged"]] == ["nk-pop2"]
    assert [entry["device"] for entry in content["claimed"]] == ["nk-pop1"]
