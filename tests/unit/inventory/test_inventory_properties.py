"""Whatever is written: an inventory, or problems with places. Never anything else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_ctl.errors import InventoryError
from infra_ctl.inventory import Inventory, load
from infra_ctl.inventory.files import OPTIONAL, TABLES, TREES

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "inventory"
SMALL = ROOT / "tests/cases/inventory/city"
FILES = st.sampled_from([*TREES, *TABLES, *OPTIONAL])
bounded = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def copy(folder: Path) -> Iterator[Path]:
    with TemporaryDirectory() as temporary:
        yield Path(shutil.copytree(folder, Path(temporary) / "city"))


def outcome(folder: Path) -> Inventory | InventoryError:
    try:
        return load(folder)
    except InventoryError as error:
        return error


def check(folder: Path) -> None:
    """Problems, where there are some, are one line each and stand in a file of the inventory."""
    result = outcome(folder)
    if isinstance(result, Inventory):
        return
    assert result.problems
    assert len(set(result.problems)) == len(result.problems)
    for problem in result.problems:
        assert Path(problem.file).parent == folder
        assert problem.line >= 0
        assert problem.column >= 0
        assert problem.message
        assert not re.search(r"[\n\r\x00]", str(problem))


@bounded
@given(FILES, st.binary(max_size=300))
def test_any_bytes(name: str, data: bytes) -> None:
    with copy(SMALL) as folder:
        (folder / name).write_bytes(data)
        check(folder)


YAML_PIECES = st.sampled_from(
    [
        *"{}[]:,-?|>&*!%@`#'\"\\\n\t ~0aé\ud7ff\U0001f9ed",
        "a: b\n",
        "  - x\n",
        "---\n",
        "...\n",
        "<<: ",
        "null",
    ]
)


@bounded
@given(st.sampled_from([*TREES, *OPTIONAL]), st.lists(YAML_PIECES, max_size=40).map("".join))
def test_anything_like_yaml(name: str, text: str) -> None:
    with copy(SMALL) as folder:
        (folder / name).write_text(text, encoding="utf-8")
        check(folder)


VALUES = st.recursive(
    st.sampled_from(
        ["dc", "x", "1", "-1", "~", '""', "nk:pop1/eth0", "2001:db8::/32", "99999999999999999999", "é"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from(["id", "site", "extends", "a"]), inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
        ),
    ),
    max_leaves=6,
)


@bounded
@given(st.sampled_from([*TREES, *OPTIONAL]), st.integers(0, 200), VALUES)
def test_any_value_in_place_of_another(name: str, number: int, value: str) -> None:
    """Well-formed YAML of the wrong shape, at any depth."""
    with copy(SMALL) as folder:
        text = (folder / name).read_text(encoding="utf-8")
        spots = list(re.finditer(r"(?<=: )[^\n,{}\[\]]+|\[[^\n\[\]]*\]|\{[^\n{}]*\}", text))
        spot = spots[number % len(spots)]
        (folder / name).write_text(text[: spot.start()] + value + text[spot.end() :], encoding="utf-8")
        check(folder)


FIELDS = st.one_of(
    st.sampled_from(
        ["", "nk", "dc", "-1", "0", "1e999", "nan", "0.5%", "dual", "dc:core1/eth2", '"', "é", "None", "16"]
    ),
    st.text(max_size=20),
)


@few
@given(st.sampled_from(sorted(TABLES)), st.integers(0, 10**6), st.integers(0, 11), FIELDS)
def test_any_field_of_the_reference_inventory(name: str, row: int, column: int, value: str) -> None:
    with copy(REFERENCE) as folder:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        fields = lines[row % len(lines)].split(",")
        fields[column % len(fields)] = value
        lines[row % len(lines)] = ",".join(fields)
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        check(folder)


@few
@given(FILES, st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_lines_of_the_reference_inventory_swapped(name: str, one: int, other: int) -> None:
    with copy(REFERENCE) as folder:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        one, other = one % len(lines), other % len(lines)
        lines[one], lines[other] = lines[other], lines[one]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        check(folder)


@few
@given(FILES, st.integers(0, 10**6))
def test_any_file_of_the_reference_inventory_cut_short(name: str, length: int) -> None:
    with copy(REFERENCE) as folder:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: length % len(data)])
        check(folder)


@few
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(random: Random) -> None:
    """Save that the first of two circuits, hosts or sites is listed first."""
    with copy(SMALL) as folder:
        before = load(folder)
        lines = (folder / "circuits.csv").read_text(encoding="utf-8").splitlines()
        rows = lines[1:]
        random.shuffle(rows)
        (folder / "circuits.csv").write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")
        assert load(folder).circuits == before.circuits
