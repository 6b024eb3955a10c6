"""`infra-ctl monitor render` as a user has it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from infra_ctl.cli.exits import Exit
from infra_ctl.lab.monitor import running
from tests.unit.cli.conftest import Command


@pytest.fixture
def city(small_folder: Path) -> Path:
    """The small city with a monitoring host and somebody on duty."""
    with (small_folder / "hosts.yaml").open("a", encoding="utf-8") as hosts:
        hosts.write("dc-monitor-9: {site: dc, zone: management, number: 199, roles: [monitoring]}\n")
    text = "receivers: {duty: {webhooks: [vault:monitoring/pager]}}\npage: duty\nticket: duty\n"
    (small_folder / "monitoring.yaml").write_text(text, encoding="utf-8")
    return small_folder


def test_it_writes_the_stack_and_says_how_much(infra_ctl: Command, city: Path, tmp_path: Path) -> None:
    folder = tmp_path / "monitor"
    said = infra_ctl("monitor", "render", "-o", str(folder), "--plain", "--references")
    assert said.code == Exit.DONE, said.err
    assert said.out.splitlines()[0].endswith(f"3 private · {folder}")
    assert (folder / "prometheus.yml").exists()
    again = infra_ctl("monitor", "render", "-o", str(folder), "--plain", "--references", "--output", "json")
    assert {"path": "snmp.yml", "private": True} in again.json["files"]


def test_a_twin_tells_nobody_unless_there_is_a_sink(infra_ctl: Command, city: Path, tmp_path: Path) -> None:
    folder = tmp_path / "monitor"
    infra_ctl("monitor", "render", "-o", str(folder), "--plain", "--references")
    receivers = yaml.safe_load((folder / "alertmanager.yml").read_text(encoding="utf-8"))["receivers"]
    assert receivers == [{"name": "nobody"}, {"name": "duty"}]
    infra_ctl(
        "monitor", "render", "-o", str(folder), "--plain", "--references", "--sink", "http://127.0.0.1:9/"
    )
    receivers = yaml.safe_load((folder / "alertmanager.yml").read_text(encoding="utf-8"))["receivers"]
    assert receivers[1]["webhook_configs"][0]["url"] == "http://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), Exit.USAGE, "say where to: -o FOLDER"),
        (("-o", "/proc/nowhere/monitor", "--references"), Exit.USAGE, "/proc/nowhere/monitor"),
        (("-o", "{tmp}/new", "--host", "dc-monitor-1"), Exit.USAGE, "did you mean 'dc-monitor-9'?"),
        (("-o", "{tmp}/new", "--sd", "dns"), Exit.USAGE, "'dns' is not one of"),
        (
            ("-o", "{tmp}/new", "--context", "lab:none"),
            Exit.USAGE,
            "snmp/privacy: infra-ctl secrets edit --context lab:none gives values, --references goes without",
        ),
        (("-o", "{tmp}"), Exit.REFUSED, "name another folder"),
        (("-o", "{tmp}/new", "--rules", "{tmp}/bad"), Exit.USAGE, "no threshold is called <<lode>>"),
    ],
)
def test_what_cannot_be_is_one_line(
    infra_ctl: Command, city: Path, tmp_path: Path, arguments: tuple[str, ...], code: Exit, words: str
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/own.yml").write_text("groups: [] # <<lode>>\n", encoding="utf-8")
    said = infra_ctl("monitor", "render", *(each.format(tmp=tmp_path) for each in arguments))
    assert said.code == code
    assert words in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "new").exists()


def test_without_a_monitoring_host_there_is_no_stack(infra_ctl: Command, tmp_path: Path) -> None:
    said = infra_ctl("monitor", "render", "-o", str(tmp_path / "new"))
    assert said.code == Exit.USAGE
    assert "no host has the role monitoring" in said.err


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_a_rule_that_promtool_refuses_is_named(infra_ctl: Command, city: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    rule = "groups: [{name: a, rules: [{record: a, expr: 'sum('}]}]\n"
    (tmp_path / "bad/own.yml").write_text(rule, encoding="utf-8")
    said = infra_ctl(
        "monitor", "render", "-o", str(tmp_path / "new"), "--references", "--rules", str(tmp_path / "bad")
    )
    assert (said.code, "rules/own.yml" in said.err) == (Exit.REFUSED, True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("context", "words", "code", "said"),
    [
        ("live", ("up",), Exit.USAGE, "the stack is run on a twin alone: --context lab"),
        ("embedded", ("status",), Exit.USAGE, "elsewhere: monitor render"),
        ("lab:none", ("up",), Exit.USAGE, "no lab is up in"),
        ("lab:none", ("status",), Exit.USAGE, "no lab is up in"),
        ("lab:none", ("up", "--hurry", "11"), Exit.USAGE, "11 is not in the range 1<=x<=10"),
    ],
)
def test_a_stack_is_run_on_a_twin_that_is_up(
    infra_ctl: Command, city: Path, context: str, words: tuple[str, ...], code: Exit, said: str
) -> None:
    done = infra_ctl("monitor", *words, "--context", context)
    assert done.code == code
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_start_that_is_interrupted_says_what_runs_and_how_to_go_on(
    infra_ctl: Command, city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "up", interrupted)
    monkeypatch.setattr(running, "begun", lambda _folder: 17)
    done = infra_ctl("monitor", "up", "--context", "lab:small")
    ends = "infra-ctl monitor down --context lab:small"
    said = f"17 parts of the stack run: the same command goes on, {ends} ends them"
    assert (done.code, [*filter(None, done.err.splitlines())]) == (Exit.INTERRUPTED, [said, "interrupted"])


def test_what_is_not_up_can_be_ended(infra_ctl: Command, city: Path) -> None:
    done = infra_ctl("monitor", "down", "--context", "lab:none")
    assert (done.code, done.out) == (Exit.DONE, "monitoring lab:none: was not up\n")
