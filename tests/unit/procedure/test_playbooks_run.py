"""Each playbook of ours from its first task to its last, without a lab.

Machines are this one by other names, and one that does not answer. Nothing is done to it: programs that would
are scripts that do nothing, and infra-ctl is one that writes down what it was told.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from infra_ctl.procedure.playbooks import shipped

HOSTS = """
[hosts]
dc-app-1
dc-app-2
dc-off ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1
[routers]
dc-core1
[site_dc]
dc-app-1
dc-off
[site_ward]
dc-app-1
dc-app-2
[all:vars]
ansible_connection=local
ansible_become=false
isolated=false
"""
INFRA_CTL = """#!/bin/sh
# The first of a kind changes something; what a file called like its first word says, it says.
echo "$*" >> told
case "$1 $2" in
    "hold list") cat holds.json ;;
    hold*) grep -qx "$1 $2 $3" done && changed=false || changed=true
           echo "{\\"changed\\": $changed}" ;;
    *) grep -qx "$1 $2 $3" done && echo "no changes (1 device)" || echo "1 confirmed" ;;
esac
echo "$1 $2 $3" >> done
if [ -f "$1.fails" ]; then cat "$1.fails" >&2; exit 4; fi
"""
PROGRAMS = {
    "apt-get": "#!/bin/sh\ncd ${0%/*}/..\ncase \"$*\" in *--simulate*) [ -f patched ] || echo 'Inst curl' ;;"
    " *upgrade) [ -f broken ] && exit 100; touch patched; echo 'Setting up curl' ;; esac\n",
    **dict.fromkeys(
        ("systemctl", "ss", "ps", "ip", "nft", "vtysh", "journalctl", "dpkg-query"), "#!/bin/sh\necho said\n"
    ),
}

FEW = {"isolate_volatile": {"sockets": "ss"}, "isolate_lasting": {"logs": "journalctl"}}
"""Evidence, where it is of no matter how much."""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    told: tuple[str, ...]
    """What infra-ctl was told."""

    @property
    def failed(self) -> set[str]:
        return set(re.findall(r"^(\S+) +: .* failed=[1-9]", self.out, re.M))

    @property
    def changed(self) -> int:
        return sum(int(count) for count in re.findall(r" changed=(\d+) ", self.out))


@dataclass(frozen=True)
class City:
    home: Path

    def run(self, playbook: str, *arguments: str, **variables: object) -> Done:
        told = self.home / "told"
        told.unlink(missing_ok=True)
        given = {
            "infra_ctl_command": [str(self.home / "infra-ctl")],
            "infra_ctl_inventory": str(self.home),
            "infra_ctl_var": str(self.home / "var"),
            "ansible_python_interpreter": "/usr/bin/python3",
            **variables,
        }
        ended = subprocess.run(
            [
                *(Path(sys.executable).with_name("ansible-playbook"), "-i", self.home / "hosts.ini"),
                *(shipped() / f"{playbook}.yml", "-e", json.dumps(given), *arguments),
            ],
            env=os.environ
            | {
                "PATH": f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "ANSIBLE_CONFIG": str(shipped().parent / "ansible.cfg"),
                "ANSIBLE_INVENTORY_ENABLED": "ini",
                "ANSIBLE_SSH_RETRIES": "0",
                "ANSIBLE_NOCOLOR": "1",
            },
            cwd=self.home,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        lines = told.read_text().splitlines() if told.exists() else ()
        return Done(ended.returncode, ended.stdout + ended.stderr, tuple(lines))

    def evidence(self) -> dict[str, set[str]]:
        """Files by machine."""
        (kept,) = (self.home / "var/evidence").iterdir()
        folders = (each for each in kept.iterdir() if each.is_dir())
        return {each.name: {file.stem for file in each.iterdir()} for each in folders}


@pytest.fixture
def city(tmp_path: Path) -> City:
    (tmp_path / "bin").mkdir()
    for name, text in {
        "infra-ctl": INFRA_CTL,
        **{f"bin/{name}": text for name, text in PROGRAMS.items()},
    }.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "hosts.ini").write_text(HOSTS)
    (tmp_path / "holds.json").write_text("[]")
    (tmp_path / "done").touch()
    return City(tmp_path)


def words(told: tuple[str, ...]) -> list[str]:
    """The commands without their options."""
    return [line.partition(" -")[0] for line in told]


@pytest.mark.parametrize("playbook", ["isolate", "release", "restore"])
def test_a_target_that_nobody_is_called_is_told_and_nothing_is_done(city: City, playbook: str) -> None:
    done = city.run(playbook, target="dc-ap-1", reason="x")
    assert done.code != 0
    assert "no site, group or machine is called dc-ap-1" in done.out
    assert not done.told


def test_an_isolation_keeps_evidence_then_holds_then_deploys_and_a_second_changes_nothing(city: City) -> None:
    looked = city.run("isolate", "--check", target="ward", reason="malware", **FEW)
    assert (looked.code, looked.told, list((city.home / "var").rglob("*.txt"))) == (0, (), []), looked
    done = city.run("isolate", target="ward", reason="malware", last_day="2026-12-01")
    assert done.code == 0, done
    hold, deploy = done.told
    assert hold.startswith("hold set ward isolate --reason malware")
    assert hold.endswith("--until 2026-12-01")
    assert deploy.startswith("deploy site=ward --yes --max-fail 100% --reason isolate ward: malware")
    kept = city.evidence()
    assert set(kept) == {"dc-app-1", "dc-app-2"}
    assert kept["dc-app-1"] >= {"sockets", "processes", "filters", "configuration", "logs"}
    (sockets,) = (city.home / "var/evidence").glob("*/dc-app-1/sockets.txt")
    assert (sockets.read_text(), sockets.stat().st_mode & 0o777) == ("said\n\n", 0o600)
    again = city.run("isolate", target="ward", reason="malware", isolated="true")
    assert (again.code, again.changed) == (0, 0), again


def test_what_does_not_answer_keeps_nobody_from_being_cut_off_and_is_told(city: City) -> None:
    done = city.run("isolate", target="dc", reason="malware", **FEW)
    assert words(done.told) == ["hold set dc isolate", "deploy site=dc"], done
    kept = city.evidence()
    assert kept["dc-off"] == {"unreachable"}
    assert "logs" in kept["dc-app-1"]
    assert "it did not answer" in done.out
    assert (done.code != 0, done.failed) == (True, {"dc-off"})


def test_evidence_that_cannot_be_kept_stops_neither_the_hold_nor_the_deploy(city: City) -> None:
    (city.home / "var").write_text("a file, where a folder is wanted")
    done = city.run("isolate", target="dc-app-1", reason="malware")
    assert words(done.told) == ["hold set dc-app-1 isolate", "deploy dc-app-1"], done
    assert (done.code != 0, "no evidence: Make the folder for the evidence" in done.out) == (True, True)


def test_a_hold_that_is_refused_ends_it_and_a_deploy_that_fails_is_told_at_every_machine(city: City) -> None:
    (city.home / "deploy.fails").write_text("dc-app-2: no route\n")
    done = city.run("isolate", target="ward", reason="malware", **FEW)
    assert done.code != 0
    assert "not all of ward is cut off: dc-app-2: no route" in done.out
    assert done.failed == {"dc-app-1", "dc-app-2"}
    assert "logs" in city.evidence()["dc-app-1"]
    (city.home / "hold.fails").write_text("ward has no LAN that could be shut off\n")
    done = city.run("isolate", target="ward", reason="malware", **FEW)
    assert (done.code != 0, words(done.told)) == (True, ["hold set ward isolate"])
    assert "nothing was cut off: ward has no LAN" in done.out
    assert done.failed == {"dc-app-1", "dc-app-2"}


def test_a_release_lifts_then_deploys_and_a_second_changes_nothing(city: City) -> None:
    assert city.run("release", "--check", target="dc-off").told == ()
    done = city.run("release", target="dc-off", reason="cleaned")
    assert (done.code, words(done.told)) == (0, ["hold lift dc-off isolate", "deploy dc-off"]), done
    again = city.run("release", target="dc-off", reason="cleaned")
    assert (again.code, again.changed) == (0, 0), again


def test_a_restore_is_shown_then_done_one_machine_after_the_other_and_the_first_failure_stops_it(
    city: City,
) -> None:
    looked = city.run("restore", "--check", target="dc-off", at="2026-11-20 18:00")
    (line,) = looked.told
    assert line.endswith("--at 2026-11-20 18:00 --dry-run")
    done = city.run("restore", target="site_ward")
    ways = [(line.split()[1], line.split()[-1]) for line in done.told]
    assert ways == [(name, how) for name in ("dc-app-1", "dc-app-2") for how in ("--dry-run", "--yes")], done
    again = city.run("restore", target="site_ward")
    assert (again.code, again.changed) == (0, 0), again
    (city.home / "restore.fails").write_text("no saved configuration\n")
    stopped = city.run("restore", target="site_ward")
    assert (stopped.code != 0, {line.split()[1] for line in stopped.told}) == (True, {"dc-app-1"})


def test_a_survey_has_a_row_for_each_and_one_that_is_off_says_so(city: City) -> None:
    done = city.run("survey")
    rows = {each["name"]: each for each in json.loads((city.home / "var/survey/survey.json").read_text())}
    assert set(rows) == {"dc-app-1", "dc-app-2", "dc-off", "dc-core1"}, done
    assert (rows["dc-app-1"]["state"], rows["dc-off"]["state"]) == ("surveyed", "not reached")
    again = city.run("survey", "--limit", "dc-app-1:dc-off")
    assert again.changed == 0, again


@pytest.mark.parametrize("by", ["", "fibre work", "patch.yml"])
def test_a_router_is_drained_patched_verified_and_given_back_what_nobody_had_taken(
    city: City, by: str
) -> None:
    """What a run that failed had drained, the next one gives back; what somebody drained stays so."""
    held = [{"object": "dc-core1", "effect": "drain", "reason": by}] if by else []
    (city.home / "holds.json").write_text(json.dumps(held))
    done = city.run("patch", "--limit", "dc-core1")
    assert done.code == 0, done
    drained = ["drain dc-core1"] if by != "fibre work" else []
    assert words(done.told) == ["hold list", *drained, "verify dc-core1", *drained]
    assert ["--undo" in line for line in done.told if line.startswith("drain ")] == [False, True] * len(
        drained
    )
    if not by:
        again = city.run("patch", "--limit", "dc-core1")
        assert (again.code, again.changed, again.told) == (0, 0, ()), again


def test_what_would_be_patched_is_looked_at_and_the_first_that_fails_stops_all(city: City) -> None:
    looked = city.run("patch", "--check", "--limit", "!dc-off")
    assert words(looked.told) == ["hold list"]
    assert not (city.home / "patched").exists()
    (city.home / "broken").touch()
    done = city.run("patch", "--limit", "!dc-off")
    assert (done.code != 0, words(done.told)) == (True, ["hold list", "drain dc-core1"]), done
    assert done.failed == {"dc-core1"}


def test_a_machine_that_does_not_answer_stops_all_before_anything_is_done_or_the_rest_goes_on(
    city: City,
) -> None:
    done = city.run("patch")
    assert (done.code != 0, done.told, (city.home / "patched").exists()) == (True, (), False), done
    assert "dc-off: no answer, so nothing was done. To go on without: -e patch_max_fail=1" in done.out
    done = city.run("patch", patch_max_fail=1)
    assert (done.code != 0, words(done.told)[-1], done.failed) == (True, "drain dc-core1", set()), done
    assert all(f"{name} " in done.out.partition("PLAY RECAP")[2] for name in ("dc-app-1", "dc-app-2"))
    assert done.out.count("TASK [Learn which updates there are]") == 3, "the last host is past who is off"


def test_only_services_that_are_started_at_boot_have_to_run_again() -> None:
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar, trust_as_template

    text = (shipped() / "tasks/patch.yml").read_text()
    (block,) = (task["block"] for task in YAML(typ="safe").load(text) if "block" in task)
    (wanted,) = (task["ansible.builtin.set_fact"] for task in block if task["name"] == "Remember them")
    services = {
        "nginx.service": {"state": "running", "status": "enabled"},
        "postgresql@15-main.service": {"state": "running", "status": "enabled-runtime"},
        "user@1001.service": {"state": "running", "status": "static"},
        "chrony.service": {"state": "stopped", "status": "enabled"},
        "by-hand": {"state": "running"},
    }
    templar = Templar(DataLoader(), variables={"ansible_facts": {"services": services}})
    assert templar.template(trust_as_template(wanted["patch_services"])) == [
        *("nginx.service", "postgresql@15-main.service"),
    ]


def test_infra_ctl_is_not_led_astray_by_modules_of_the_folder_that_it_is_started_in(tmp_path: Path) -> None:
    """Beside the playbooks of a wheel lies infra_ctl/secrets, which is called like the standard library's."""
    command = YAML(typ="safe").load((shipped() / "group_vars/all.yml").read_text())["infra_ctl_command"]
    (tmp_path / "click.py").write_text("raise SystemExit('not me')")
    said = subprocess.run(
        [sys.executable, *command[1:], "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said
