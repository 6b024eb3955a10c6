"""Large cities load in work that grows with their size, in bounded memory; so do large bad ones.

Work is counted in calls, not in seconds: seconds are the benchmarks' business.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_ctl.errors import InventoryError
from infra_ctl.inventory import devices, load

Calls = Callable[[Callable[[], object]], int]

WARDS = 250
"""Of a PoP."""


def grow(city: Path, pops: int) -> None:
    """Add so many PoPs to the small city, with very many wards each."""
    rows: dict[str, list[str]] = {"pops.csv": [], "sites.yaml": [], "communes.csv": [], "circuits.csv": []}
    for pop in range(16, 16 + pops):
        rows["pops.csv"].append(f"p{pop},{pop},PoP {pop},0.0.{pop}.0")
        site = f'p{pop}: {{unit: "916", pop: p{pop}, number: "01", profile: pop, ipv6: dual}}'
        rows["sites.yaml"].append(site)
        for core in (1, 2):
            ends = f"dc:core{core}/eth{100 + pop},p{pop}:pop1/eth{core}"
            rows["circuits.csv"].append(
                f"p{pop}-{core},{ends},tslcd-1,l2,VNPT,1000,1500,way-{core},0.01%,4,1"
            )
        for ward in range(2, 2 + WARDS):
            key = f"p{pop}-ward-{ward}"
            rows["communes.csv"].append(f"{key},31120,p{pop},{ward:02x},commune,dual,")
            ends = f"p{pop}:pop1/eth{100 + ward},{key}:ce1/eth0"
            rows["circuits.csv"].append(f"{key}-1,{ends},tslcd-2,l2,VNPT,50,1500,north,0.1%,20,5")
    for name, lines in rows.items():
        with (city / name).open("a", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n")


def test_twice_the_wards_are_twice_the_work(city: Path, tmp_path: Path, calls: Calls) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    for folder, pops in ((small, 4), (large, 8)):
        shutil.copytree(city, folder)
        grow(folder, pops)
    load(small)
    assert calls(lambda: load(large)) < 2.1 * calls(lambda: load(small))


def test_ten_thousand_wards_in_bounded_memory(city: Path) -> None:
    grow(city, 40)
    tracemalloc.start()
    inventory = load(city)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(devices(inventory)) > 40 * WARDS
    assert peak < 100 << 20


@pytest.mark.parametrize(
    ("old", "new"),
    [(",commune,", ",comune,"), ("-ward-", "-wad-"), (",dual,", ",duall,")],
    ids=["profiles", "sites", "values"],
)
def test_twice_the_mistakes_are_twice_the_work(
    old: str, new: str, city: Path, tmp_path: Path, calls: Calls
) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    for folder, pops in ((small, 2), (large, 4)):
        shutil.copytree(city, folder)
        grow(folder, pops)
        text = (folder / "communes.csv").read_text(encoding="utf-8")
        (folder / "communes.csv").write_text(text.replace(old, new), encoding="utf-8")

    def problems(folder: Path) -> int:
        with pytest.raises(InventoryError) as caught:
            load(folder)
        return len(caught.value.problems)

    assert problems(small) >= 2 * WARDS
    assert calls(lambda: problems(large)) < 2.1 * calls(lambda: problems(small))


def test_loading_brings_no_heavy_library() -> None:
    heavy = (
        "networkx",
        "jinja2",
        "napalm",
        "netmiko",
        "paramiko",
        "sqlalchemy",
        "ansible",
        "pyparsing",
        "rich",
    )
    code = f"import sys, infra_ctl.inventory; print([name for name in {heavy!r} if name in sys.modules])"
    command = [sys.executable, "-c", code]
    folder = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
