"""A saved plan: what was written is what is read, and what is damaged is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.change.operations import Packages, Predicted
from infra_ctl.change.plan import Plan, PlannedDevice, PlannedHost, Status, read, save
from infra_ctl.errors import InfraCtlError, RefusedError

CHANGED = PlannedDevice(
    hostname="nk-pop1",
    platform="frr",
    status=Status.CHANGED,
    base="abc",
    candidate="router ospf\n",
    resolved="def",
    diff="+ router ospf\n",
    foreign=("ip route 198.51.100.0/24 blackhole",),
    may_lose=("interface eth0",),
)
UNCHANGED = PlannedDevice(hostname="nk-an-hoa-ce1", platform="frr", status=Status.UNCHANGED, base="abc")
FAILED = PlannedDevice(hostname="dc-core1", platform="frr", status=Status.FAILED, cause="không trả lời")
PLAN = Plan(
    id="7f3a",
    created="2026-11-21T08:00:00+00:00",
    tool="0.1.0",
    context="live",
    selector="pop=nk",
    inventory="0123",
    devices=(CHANGED, UNCHANGED, FAILED),
    waves=(("nk-pop1",),),
    cuts=((),),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "plan-7f3a.json"
    save(PLAN, path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(RefusedError) as caught:
        read(path)
    return str(caught.value)


def edited(path: Path, **parts: Any) -> Path:
    path.write_text(json.dumps(json.loads(path.read_text()) | parts), encoding="utf-8")
    return path


def test_what_was_saved_is_read(path: Path) -> None:
    assert read(path) == PLAN
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_devices_are_told_apart_by_their_status() -> None:
    assert (PLAN.changed, PLAN.failed, PLAN.foreign) == ((CHANGED,), (FAILED,), (CHANGED,))


HOST = PlannedHost(
    name="dc-app-1",
    status=Status.CHANGED,
    operations=(Packages(id="web/packages", names=("nginx-light",)),),
    changes=(Predicted(id="web/packages", says="install nginx-light"),),
    kept=("one-stop/https tcp 443",),
)
MIXED = PLAN.model_copy(
    update={"hosts": (HOST,), "waves": (("nk-pop1",), ("dc-app-1",)), "cuts": ((), ()), "kept": ("a to b",)}
)


def test_hosts_stand_beside_devices(tmp_path: Path) -> None:
    save(MIXED, tmp_path / "plan.json")
    found = read(tmp_path / "plan.json")
    assert found == MIXED
    assert (found.steps, found.device_waves) == (("nk-pop1", "dc-app-1"), (("nk-pop1",), ()))
    assert (found.changing, found.changed, found.changed_hosts) == ((CHANGED, HOST), (CHANGED,), (HOST,))
    assert found.stays == ("a to b", "one-stop/https tcp 443 on dc-app-1")
    assert HOST.diff == "install nginx-light"


@pytest.mark.parametrize(
    ("waves", "said"),
    [
        ([["nk-pop1", "dc-app-1"]], "a wave is of devices and hosts"),
        ([["nk-pop1"]], "the waves are not of"),
        ([["nk-pop1"], ["dc-app-1"], ["dc-app-1"]], "the waves are not of"),
    ],
)
def test_waves_of_hosts_are_as_sound_as_those_of_devices(tmp_path: Path, waves: Any, said: str) -> None:
    save(MIXED, tmp_path / "plan.json")
    assert said in refusal(edited(tmp_path / "plan.json", waves=waves, cuts=[[]] * len(waves)))


def test_saving_again_replaces_the_file(path: Path) -> None:
    other = PLAN.model_copy(update={"id": "0000"})
    save(other, path)
    assert read(path).id == "0000"


@pytest.mark.parametrize("cut", [0, 1, 100, -3])
def test_a_file_that_was_cut_off_is_refused_in_one_line(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:cut])
    said = refusal(path)
    assert said.startswith(f"{path} is not a plan that this version can carry out: the file: ")
    assert "\n" not in said


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[]", b"null", b'"plan"', b"hosts: []\n"])
def test_a_file_of_another_kind_is_refused_in_one_line(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "\n" not in refusal(path)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"format": 2}, "format: "),
        ({"approved": True}, "approved: "),
        ({"devices": [{"hostname": "x"}]}, "devices.0.platform: "),
        ({"waves": [["nk-pop1", "nk-pop9"]]}, "the waves"),
        ({"waves": []}, "the waves"),
        ({"waves": [["nk-pop1"], ["nk-pop1"]]}, "the waves"),
        ({"waves": [["nk-an-hoa-ce1", "nk-pop1"]]}, "the waves"),
    ],
)
def test_a_plan_that_was_tampered_with_is_refused_with_the_place(path: Path, parts: Any, said: str) -> None:
    refused = refusal(edited(path, **parts))
    assert said in refused
    assert "\n" not in refused


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "plan.json") == f"{tmp_path / 'plan.json'}: No such file or directory"


def test_a_place_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    target = tmp_path / "not" / "there.json"
    with pytest.raises(InfraCtlError) as caught:
        save(PLAN, target)
    assert str(caught.value) == f"{target}: No such file or directory"
