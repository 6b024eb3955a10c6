"""The inventory plugin as Ansible itself loads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.conftest import SmallCity

ROOT = Path(__file__).parents[3]


def ansible_inventory(source: Path, context: str = "live", **named: str) -> subprocess.CompletedProcess[str]:
    """`ansible-inventory --list` as typed in a clone; nothing of the machine's own settings."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("INFRA_CTL", "ANSIBLE"))
    }
    return subprocess.run(
        (str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(source), "--list"),
        env=ours | {"INFRA_CTL_CONTEXT": context, "ANSIBLE_NOCOLOR": "1", "PYTHONPATH": str(ROOT)} | named,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def source(small_folder: Path) -> Path:
    file = small_folder / "infra_ctl.yml"
    file.write_bytes((ROOT / "inventory/infra_ctl.yml").read_bytes())
    return file


def test_everybody_is_in_it_and_no_secret(source: Path, small: SmallCity) -> None:
    done = ansible_inventory(source)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["routers"]["hosts"]) == set(small.city.intents)
    assert set(found["hosts"]["hosts"]) == set(small.city.inventory.hosts)
    assert found["site_nk_cai_khe"]["hosts"] == ["nk-cai-khe-ce1"]
    assert found["_meta"]["hostvars"]["nk-cai-khe-ce1"]["level"] == 3
    ways = {"nk-cai-khe-ce1": (small.city.intents["nk-cai-khe-ce1"].management, "root")}
    ways["dc-app-1"] = (small.city.host("dc-app-1").addresses[0], "infra")
    for name, (address, user) in ways.items():
        told = json.dumps(found["_meta"]["hostvars"][name])
        assert all(f'"{each}"' in told for each in (address, user)), told
    for secret in (*small.masking.vault.values(), "vault:"):
        assert secret not in done.stdout


def test_another_inventory_that_the_environment_names_is_not_passed_over_in_silence(
    source: Path, tmp_path: Path
) -> None:
    done = ansible_inventory(source, INFRA_CTL_INVENTORY=str(tmp_path / "other"))
    told = " ".join(done.stderr.split())
    assert (done.returncode, f"INFRA_CTL_INVENTORY names {tmp_path}/other" in told) == (0, True), done.stderr
    same = ansible_inventory(source, INFRA_CTL_INVENTORY=str(source.parent))
    assert (same.returncode, same.stderr) == (0, "")


def test_an_inventory_with_problems_is_refused_in_its_own_words(source: Path) -> None:
    (source.parent / "units.csv").unlink()
    done = ansible_inventory(source)
    assert done.returncode != 0
    assert "units.csv:0:0: is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_simulated_fleet_has_nobody_to_log_in_to(source: Path) -> None:
    done = ansible_inventory(source, "embedded")
    assert done.returncode != 0
    assert "the simulated fleet has nobody to log in to" in done.stderr


def test_the_city_s_other_files_are_none_of_ansible_s(source: Path) -> None:
    assert ansible_inventory(source.parent / "hosts.yaml").returncode != 0
