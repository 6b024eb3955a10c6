"""`infra-ctl monitor render` as a user has it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml

from infra_ctl.cli.exits import Exit
from infra_ctl.lab import state
from infra_ctl.lab.model import TwinSpec
from infra_ctl.lab.monitor import running, standing
from infra_ctl.lab.monitor.standing import PartStatus, Status
from infra_ctl.lab.state import Folder, State
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
        (("-o", "{tmp}/new", "--sink", "foo"), Exit.USAGE, "'foo' is no address of a webhook, such as http"),
        (("-o", "{tmp}/new", "--sink", f"http://a/{'b' * 300}"), Exit.USAGE, "is no address of a webhook"),
        (("-o", "{tmp}/new", "--owner", "no:body"), Exit.USAGE, "'no:body': there is no such user or group"),
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
        ("lab:none", ("up", "--sink", "foo"), Exit.USAGE, "'foo' is no address of a webhook"),
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


def test_a_stack_that_nothing_is_led_to_says_so_and_the_next_step(
    infra_ctl: Command, city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = PartStatus("path", "http://10.20.0.19:9870", None, "was not started", None)
    seen = Status("dc-monitor-9", 10, False, (ended,), (), 0, 0, (), ())
    monkeypatch.setattr(standing, "status", lambda _folder, _installed: seen)
    said = infra_ctl("monitor", "status", "--context", "lab:small")
    nothing = "no router of the LAN of dc-monitor-9 is configured, and nothing beyond it can be measured"
    assert said.code == Exit.FAILED
    assert [line.strip() for line in said.out.splitlines()] == [
        "monitoring lab:small as dc-monitor-9 --hurry 10: 0 of 1 parts ready · 0 MB · 0.0 s of CPU",
        "path                  0.0 MB      0.0 s   http://10.20.0.19:9870",
        "not ready  path: was not started",
        "what is not ready is started again by infra-ctl monitor up --context lab:small",
        f"not led on  {nothing}: infra-ctl deploy --context lab:small",
        "no targets known yet",
    ]


def test_what_is_not_installed_is_said_before_anything_is_tried(
    infra_ctl: Command, city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder.of(Path(os.environ["INFRA_CTL_VAR"]) / "lab/small")
    state.save(folder, State(TwinSpec("small", (), (), ()), built=True))
    monkeypatch.setattr(running, "PROGRAMS", ("sh", "no-such-program"))
    said = infra_ctl("monitor", "up", "--context", "lab:small")
    assert (said.code, said.out) == (Exit.USAGE, "")
    assert said.err == "error: the stack cannot run here: apt install no-such-program\n"


def test_what_is_not_up_can_be_ended(infra_ctl: Command, city: Path) -> None:
    done = infra_ctl("monitor", "down", "--context", "lab:none")
    assert (done.code, done.out) == (Exit.DONE, "monitoring lab:none: was not up\n")
