"""The monitoring role: nothing runs before it is told how, and what tells it is what is rendered."""

from __future__ import annotations

import grp
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from infra_ctl.change.operations import File, Operation, Packages, Run
from infra_ctl.city import City, load_city
from infra_ctl.hosts.roles.monitoring import HOME, OURS, PARTS, PROGRAM, monitoring
from infra_ctl.monitor.rendering import monitor_files
from infra_ctl.monitor.stack import stack

ROOT = Path(__file__).parents[4]
SYSTEMCTL = """#!/bin/sh
# is-enabled, as systemd's: of several units, one that is turned on will do
for each; do case "$each" in --quiet | is-enabled | "$OFF") ;; *) exit 0 ;; esac; done
exit 1
"""


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(ROOT / "inventory")


@pytest.fixture(scope="module")
def found(city: City) -> tuple[Operation, ...]:
    return monitoring(city.hosts["dc-monitor-1"])


def turning_on(found: tuple[Operation, ...]) -> Run:
    """What turns our exporters on."""
    (one,) = [each for each in found if isinstance(each, Run) and each.id == "monitoring/units"]
    return one


def units(found: tuple[Operation, ...]) -> dict[str, str]:
    """Texts by path below systemd's folder."""
    return {
        each.path.removeprefix("/etc/systemd/system/"): each.text
        for each in found
        if isinstance(each, File) and each.id.endswith("-unit")
    }


def test_how_a_part_is_started_is_there_before_its_package_would_start_it(
    found: tuple[Operation, ...],
) -> None:
    kinds = [type(each) for each in found]
    last = max(number for number, each in enumerate(found) if each.id.endswith("-unit"))
    assert last < kinds.index(Packages)
    assert set(next(each.names for each in found if isinstance(each, Packages))) == set(PARTS.values())
    assert {f"{unit}.service.d/infra-ctl.conf" for unit in PARTS.values()} < units(found).keys()
    assert all(name in turning_on(found).command for name in OURS)


@pytest.mark.parametrize("off", [None, *OURS])
def test_one_exporter_that_is_turned_off_is_seen(
    off: str | None, found: tuple[Operation, ...], tmp_path: Path
) -> None:
    """Of several units that it is asked for, systemd says yes where one is turned on."""
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(SYSTEMCTL, encoding="utf-8")
    systemctl.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "OFF": off or ""}
    command = ("sh", "-c", turning_on(found).unless)
    asked = subprocess.run(command, env=environment, check=False, timeout=60)
    assert (asked.returncode == 0) is (off is None)


def test_each_unit_reads_what_is_rendered_and_waits_for_it(city: City, found: tuple[Operation, ...]) -> None:
    rendered = {file.path: file for file in monitor_files(stack(city, None, "http", is_plain=False), "en")}
    told: set[str] = set()
    for text in units(found).values():
        waits, reads = (
            re.findall(f"^{key}=({HOME}.*)$", text, re.MULTILINE)
            for key in ("ConditionPathExists", "EnvironmentFile")
        )
        assert waits == reads
        told |= {each.removeprefix(f"{HOME}/") for each in reads}
    instances = {name.partition("@")[2] for name in OURS}
    named = {each.replace("%i", name) for each in told for name in instances}
    assert named == {path for path in rendered if path.startswith("defaults/")}
    for path in named:
        there = re.findall(rf"{HOME}/([^\s\"]+)", rendered[path].text())
        assert there, path
        assert set(there) <= rendered.keys(), path


def test_what_is_copied_by_the_documentation_can_be_read_by_its_group(tmp_path: Path) -> None:
    """By somebody who keeps what he makes to himself, as root does on many machines."""
    text = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    lines = re.findall(r"^(?:cp|chgrp|chmod) .*/etc/infra-ctl/inventory$", text, re.MULTILINE)
    copied, group = tmp_path / "inventory", grp.getgrgid(os.getgid()).gr_name
    script = "\n".join(["umask 077", *lines]).replace("/etc/infra-ctl", str(tmp_path))
    command = ("sh", "-ec", script.replace("prometheus", group))
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    for path in (copied, *copied.rglob("*")):
        wanted = stat.S_IRGRP | stat.S_IXGRP if path.is_dir() else stat.S_IRGRP
        assert path.stat().st_mode & wanted == wanted, path
    assert load_city(copied).hosts


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_understands_every_unit(found: tuple[Operation, ...], tmp_path: Path) -> None:
    """With programs that are there: infra-ctl is in /opt on a monitoring host alone."""
    for path, text in units(found).items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(re.sub(f"^ExecStart={PROGRAM}", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    (tmp_path / OURS[0]).with_suffix(".service").symlink_to(tmp_path / "infra-ctl-export@.service")
    for name in PARTS.values():
        (tmp_path / f"{name}.service").write_text("[Service]\nExecStart=/bin/true $ARGS\n", encoding="utf-8")
    names = (*PARTS.values(), OURS[0], "infra-ctl-monitor")
    command = ("systemd-analyze", "verify", *(str(tmp_path / f"{name}.service") for name in names))
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in said.stderr.splitlines() if str(tmp_path) in line or "infra-ctl" in line]
    assert (said.returncode, ours) == (0, [])
