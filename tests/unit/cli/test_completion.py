"""What a shell is offered on Tab, by the words that bash hands over."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from infra_ctl.cli.app import root


def offered(*words: str) -> list[str]:
    """For the last of `words`."""
    shell = ShellComplete(root, {}, "infra-ctl", "_INFRA_CTL_COMPLETE")
    return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]


def test_commands_are_offered() -> None:
    assert "deploy" in offered("de")


@pytest.mark.parametrize("command", [("plan",), ("deploy", "--yes"), ("verify",)])
def test_devices_and_keys_are_offered_for_a_selector(command: tuple[str, ...], small_folder: Path) -> None:
    where = (*command, "-i", str(small_folder))
    assert offered(*where, "nk-p") == ["nk-pop1"]
    assert {"pop=", "nk-pop1"} & set(offered(*where, "p")) == {"pop="}


def test_hosts_and_their_keys_are_offered_for_a_selector_of_hosts(small_folder: Path) -> None:
    where = ("lab", "up", "-i", str(small_folder), "--hosts")
    assert offered(*where, "dc-") == ["dc-app-1", "dc-db-1", "dc-lgsp-1", "dc-ntp-1"]
    assert offered(*where, "s") == ["site=", "system="]


@pytest.mark.parametrize("command", [("adopt",), ("show", "device"), ("show", "run", "2026-11-21-001")])
def test_devices_alone_are_offered_for_a_device(command: tuple[str, ...], small_folder: Path) -> None:
    assert offered(*command, "-i", str(small_folder), "dc-core") == ["dc-core1", "dc-core2"]


def test_secrets_are_offered_by_their_names(small_folder: Path) -> None:
    assert offered("secrets", "rotate", "-i", str(small_folder), "bgp/") == ["bgp/cpt", "bgp/key"]


def test_an_inventory_that_cannot_be_read_offers_nothing(tmp_path: Path) -> None:
    (tmp_path / "city.yaml").write_bytes(b"\xff")
    assert offered("adopt", "-i", str(tmp_path), "dc") == []
