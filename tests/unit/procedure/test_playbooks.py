"""Which playbooks there are, and what they say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from infra_ctl.errors import UnknownError
from infra_ctl.procedure.playbooks import Playbook, find, playbooks, shipped

OURS = playbooks([shipped()])


def test_those_that_are_shipped() -> None:
    assert [each.name for each in OURS] == ["isolate", "patch", "release", "restore", "survey"]
    assert [each.name for each in OURS if each.reads_only] == ["survey"]
    assert {each.name: each.needs for each in OURS if each.needs} == {
        "isolate": ("target", "reason"),
        "release": ("target",),
        "restore": ("target",),
    }


@pytest.mark.parametrize("playbook", OURS, ids=lambda each: each.name)
def test_each_says_what_it_is_for_and_how_it_is_run_by_hand(playbook: Playbook) -> None:
    assert playbook.about.endswith(".")
    assert "\n" not in playbook.about
    assert f"ansible-playbook -i inventory/infra_ctl.yml playbooks/{playbook.name}.yml" in playbook.usage


@pytest.mark.parametrize("playbook", OURS, ids=lambda each: each.name)
def test_each_says_what_a_failure_is_to_stop(playbook: Playbook) -> None:
    """Nobody has to know Ansible's defaults, and no module is of a collection that has to be fetched."""
    for play in YAML(typ="safe").load(playbook.path.read_text()):
        assert "any_errors_fatal" in play
    texts = [playbook.path, *(playbook.path.parent / "tasks").glob("*.yml")]
    modules = {name for file in texts for name in re.findall(r"^\s+(\w+\.\w+\.\w+):", file.read_text(), re.M)}
    assert {name for name in modules if not name.startswith("ansible.builtin.")} == set()


def test_a_city_s_own_goes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "survey.yml").write_text("---\n# Ours is\n# better.\n#\n# Use it.\n- name: x\n# no more\n")
    found = find("survey", [tmp_path, shipped()])
    assert (found.about, found.usage) == ("Ours is better.", "Use it.")
    assert find("patch", [tmp_path, shipped()]).path.parent == shipped()


def test_one_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownError, match=r"no procedure 'survy' \(did you mean 'survey'\?\)"):
        find("survy", [shipped()])
