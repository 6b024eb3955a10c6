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


@pytest.mark.parametrize("command", [("plan",), ("deploy", "--yes"), ("drift",), ("verify",)])
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


def test_what_commands_of_a_twin_mean_is_offered(
    small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_CTL_VAR", str(tmp_path / "var"))
    (tmp_path / "var/lab/small").mkdir(parents=True)
    where = ("-i", str(small_folder))
    assert offered("plan", *where, "--context", "l") == ["live", "lab", "lab:small"]
    assert offered("export", "path", *where, "--context", "l") == [], "an exporter reads its own options"
    assert offered("lab", "break", *where, "cut", "nk-c") == ["nk-cai-khe-1", "nk-cai-khe-2"]
    assert offered("lab", "break", *where, "off", "nk-c") == ["nk-cai-khe-ce1"]
    assert offered("lab", "heal", *where, "nk-cai-khe-") == ["nk-cai-khe-1", "nk-cai-khe-2", "nk-cai-khe-ce1"]
    assert offered("lab", "exec", *where, "m") == ["mgmt", "monitor"]


def test_monitoring_hosts_meetings_and_rooms_are_offered(small_folder: Path) -> None:
    with (small_folder / "hosts.yaml").open("a", encoding="utf-8") as file:
        file.write("dc-monitor-9: {site: dc, zone: management, number: 199, roles: [monitoring]}\n")
    (small_folder / "monitoring.yaml").write_text(
        "receivers: {duty: {webhooks: [vault:monitoring/pager]}}\npage: duty\nticket: duty\n"
    )
    with (small_folder / "video.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "meetings: {nk-weekly: {name: W, time: 2026-12-01 08:00, mcu: bk-mcu-1, rooms: ['nk-*']}}\n"
        )
    where = ("-i", str(small_folder))
    assert offered("monitor", "up", *where, "--host", "dc-") == ["dc-monitor-9"]
    assert offered("video", "ready", *where, "nk-") == ["nk-weekly", "nk-an-hoa-room", "nk-cai-khe-room"]


def test_an_inventory_that_cannot_be_read_offers_nothing(tmp_path: Path) -> None:
    (tmp_path / "city.yaml").write_bytes(b"\xff")
    assert offered("adopt", "-i", str(tmp_path), "dc") == []
