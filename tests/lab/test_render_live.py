"""What we render is what FRR prints: a twin of the small city, day 0 skipped, every text compared.

Also that the text does what it says: keys are checked, wards get out, the world sees aggregates and no more.
"""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra_ctl.intent import DeviceIntent, allocate, build
from infra_ctl.inventory import load
from infra_ctl.inventory.kinds import Stage
from infra_ctl.lab import enter, model, twin
from infra_ctl.lab.external import External
from infra_ctl.render import render

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("_can_run")]

CITY = Path(__file__).parents[1] / "cases/inventory/city"
WARD, POP = "nk-an-hoa-ce1", "nk-pop1"
OUTSIDE = ("198.51.100.1", "2001:db8:ffff::1")
LADDER = ("planned", "addressed", "routed", "dual", "preferred", "v6only", "routed", "none", "dual", "none")


def intents(stage: str) -> dict[str, DeviceIntent]:
    """The small city with one ward at a stage; unmanaged lines have no place of their own in the text."""
    city = load(CITY)
    ward = city.sites["nk-an-hoa"].model_copy(update={"ipv6": Stage(stage)})
    city = city.model_copy(update={"sites": {**city.sites, ward.id: ward}, "unmanaged": ()})
    return build(city, allocate(city, {}))


def resolved(intent: DeviceIntent) -> str:
    """Each secret is its own name; MD5 keys have 16 characters at most."""
    return re.sub(r"vault:([a-z0-9/]+)", lambda found: found[1].replace("/", "-"), render(intent))


@pytest.fixture(scope="module")
def directory(lab_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("rendered")
    externals = [External("cpt-1", password="bgp-cpt")]
    twin.up(model.spec(f"{lab_name}r", intents("none"), externals, day0=resolved), path)
    yield path
    twin.down(path)


def run(directory: Path, hostname: str, *argv: str, text: str = "", check: bool = True) -> str:
    command = enter.command(directory, hostname, argv)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done.stdout


def running(directory: Path, hostname: str) -> str:
    """Without its first line, FRR's version."""
    text = run(directory, hostname, "vtysh", "-c", "show running-config no-header")
    return text.removeprefix("frr version 8.4.4\n")


def reload(directory: Path, hostname: str, text: str, how: str) -> str:
    """What frr-reload.py printed, without its log."""
    run(directory, hostname, "tee", "/etc/frr/candidate.conf", text=text)
    script = (
        "/usr/lib/frr/frr-reload.py",
        how,
        "--stdout",
        "--log-level",
        "error",
        "/etc/frr/candidate.conf",
    )
    return run(directory, hostname, *script).strip()


def assert_same(directory: Path, hostname: str, wanted: str) -> None:
    seen = running(directory, hostname)
    lines = difflib.unified_diff(wanted.splitlines(), seen.splitlines(), "rendered", "running", lineterm="")
    assert seen == wanted, "\n".join(lines)
    assert reload(directory, hostname, wanted, "--test") == ""


def eventually(holds: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"did not come true in {seconds} s"
        time.sleep(0.5)


def answers(directory: Path, hostname: str, source: str, target: str) -> bool:
    ping = enter.command(directory, hostname, ("ping", "-q", "-c", "1", "-W", "1", "-I", source, target))
    return subprocess.run(ping, capture_output=True, check=False, timeout=30).returncode == 0


def ospf_neighbours(directory: Path, hostname: str) -> list[str]:
    return list(
        json.loads(run(directory, hostname, "vtysh", "-c", "show ip ospf neighbor json"))["neighbors"]
    )


@pytest.mark.parametrize("hostname", sorted(intents("none")))
def test_frr_prints_what_we_render(directory: Path, hostname: str) -> None:
    assert_same(directory, hostname, resolved(intents("none")[hostname]))


@pytest.mark.parametrize("target", OUTSIDE)
def test_a_ward_gets_out_and_back(directory: Path, target: str) -> None:
    """OSPF and BGP with their keys, the default route in, the aggregate out: all of it, or no answer."""
    loopbacks = {4: "10.0.1.16", 6: "2001:db8:9200::1:10:1"}
    lans = {4: "10.65.16.129", 6: "2001:db8:9241:1040::1"}
    version = 6 if ":" in target else 4
    eventually(lambda: answers(directory, "nk-cai-khe-ce1", lans[version], target), 120)
    assert not answers(directory, "nk-cai-khe-ce1", loopbacks[version], target)


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("ipv4", {"10.16.0.0/12", "10.32.0.0/12", "10.48.0.0/16", "10.65.0.0/16", "10.67.0.0/16"}),
        ("ipv6", {f"2001:db8:{part}" for part in ("9210::/44", "9220::/44", "9230::/48", "9241::/48")}),
    ],
)
def test_the_world_sees_aggregates_and_no_more(directory: Path, family: str, expected: set[str]) -> None:
    def seen() -> set[str]:
        text = run(directory, "cpt-1", "vtysh", "-c", f"show bgp {family} unicast json")
        routes = json.loads(text)["routes"]
        return {prefix for prefix, paths in routes.items() if paths[0]["path"] == "4200000092"}

    eventually(lambda: seen() == expected, 120)


def test_stages_up_and_down_leave_nothing_behind(directory: Path) -> None:
    """IPv4 must not notice: the ward's OSPFv2 neighbour stays the whole time."""
    eventually(lambda: ospf_neighbours(directory, WARD), 60)
    for stage in LADDER:
        for hostname in (POP, WARD):
            wanted = resolved(intents(stage)[hostname])
            reload(directory, hostname, wanted, "--reload")
            assert_same(directory, hostname, wanted)
            assert ospf_neighbours(directory, WARD)


def test_a_wrong_key_is_no_neighbour(directory: Path) -> None:
    right = resolved(intents("none")[WARD])
    eventually(lambda: ospf_neighbours(directory, WARD), 60)
    reload(directory, WARD, right.replace("md5 ospf-key", "md5 another"), "--reload")
    eventually(lambda: not ospf_neighbours(directory, WARD), 60)
    reload(directory, WARD, right, "--reload")
    eventually(lambda: ospf_neighbours(directory, WARD), 60)
