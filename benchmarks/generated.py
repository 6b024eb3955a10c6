"""A made-up city of any size, in the shape of the reference one: PoPs of 200 wards each."""

from __future__ import annotations

import shutil
from pathlib import Path

from ruamel.yaml import YAML

WARDS = 200
"""Of one PoP: the address plan has room for 240."""
_LEFT = ("allocations.lock.csv", "assets.csv", "vault.yml")
"""What is of the reference city's own machines."""


def write(reference: Path, folder: Path, wards: int) -> None:
    """Write an inventory of `wards` wards to `folder`; data centres and departments are the reference's."""
    shutil.copytree(reference, folder, ignore=shutil.ignore_patterns(*_LEFT))
    pops = [f"p{number}" for number in range(1, (wards + WARDS - 1) // WARDS + 1)]
    _widen(folder / "city.yaml")
    _sites(folder / "sites.yaml", pops)
    _without_wards(folder / "systems.yaml")
    _without_meetings(folder / "video.yaml")
    lines = [f"{pop},{number},PoP {number},0.0.1.{number}" for number, pop in enumerate(pops, start=1)]
    _rows(folder / "pops.csv", ["id,number,name,area", "hq,0,hq,0.0.0.16", *lines])
    places = [(pops[index // WARDS], index % WARDS) for index in range(wards)]
    _rows(folder / "communes.csv", ["site,unit,pop,number,profile,ipv6", *map(_ward, places)])
    header, *kept = _reference_circuits(folder / "circuits.csv")
    trunks = [line for number, pop in enumerate(pops) for line in _trunks(pop, number)]
    _rows(folder / "circuits.csv", [header, *kept, *trunks, *map(_circuit, places)])


def _ward(place: tuple[str, int]) -> str:
    pop, number = place
    return f"{pop}-ward-{number},31117,{pop},{number + 16:02x},commune,{'dual' if number % 2 else 'none'}"


def _circuit(place: tuple[str, int]) -> str:
    pop, number = place
    name = f"{pop}-ward-{number}"
    return f"{name}-1,{pop}:pop1/eth{number + 10},{name}:ce1/eth0,tslcd-2,l2,VNPT,50,1500,north,0.1%,20,5"


def _trunks(pop: str, number: int) -> list[str]:
    return [
        f"{pop}-1,dc:core1/eth{number + 100},{pop}:pop1/eth1,tslcd-1,l2,VNPT,1000,1500,east,0.02%,3,1",
        f"{pop}-2,dc:core2/eth{number + 100},{pop}:pop1/eth2,leased,l2,Viettel,500,1500,west,0.05%,5,2",
    ]


def _reference_circuits(path: Path) -> list[str]:
    """The header, and the circuits of the backup site and the departments."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [lines[0], *(line for line in lines if line.startswith(("bk-", "hq-")))]


def _rows(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _widen(path: Path) -> None:
    yaml, content = _load(path)
    content["addressing"]["access_ipv6"] = "2001:db8:9240::/42"
    content["addressing"]["access_ipv4"] = "10.64.0.0/10"
    yaml.dump(content, path)


def _sites(path: Path, pops: list[str]) -> None:
    yaml, content = _load(path)
    kept = {name: site for name, site in content.items() if site["profile"] != "pop"}
    new = {
        pop: {"unit": "916", "pop": pop, "number": "01", "profile": "pop", "ipv6": "dual", "name": pop}
        for pop in pops
    }
    yaml.dump(kept | new, path)


def _without_wards(path: Path) -> None:
    yaml, content = _load(path)
    for system in content.values():
        system.pop("sites", None)
    yaml.dump(content, path)


def _without_meetings(path: Path) -> None:
    """They name rooms of wards that are not here, and more of them than a bridge has ports."""
    yaml, content = _load(path)
    content.pop("meetings", None)
    yaml.dump(content, path)


def _load(path: Path) -> tuple[YAML, dict[str, dict[str, object]]]:
    yaml = YAML(typ="safe")
    return yaml, yaml.load(path.read_text(encoding="utf-8"))
