"""Exhibits as tests and `tests/cases/controls` write them: a value, or a list, a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from infra_ctl.controls.catalogue import DOCUMENTS, FACTS
from infra_ctl.controls.exhibit import Document, Exhibit, Fact, Kind, Line
from infra_ctl.controls.values import literal
from infra_ctl.inventory import tree

CASES = Path(__file__).parents[2] / "cases/controls"
TEXTS = CASES / "texts"
TAKEN = datetime(2026, 11, 26, 3)
Written = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """What a control is tried on."""

    law: str
    control: str
    level: int
    passes: tuple[Written, ...]
    fails: tuple[Written, ...]
    skips: tuple[Written, ...]

    def __str__(self) -> str:
        return f"{self.law}/{self.control}"


def cases() -> Iterator[Case]:
    for file in sorted(CASES.glob("*.yaml")):
        written = tree.parse(file.read_text(encoding="utf-8"), file.name).value()
        assert isinstance(written, dict)
        for control, said in written.items():
            yield _case(file.stem, control, said)


def _case(law: str, control: str, said: dict[str, Any]) -> Case:
    assert said.keys() <= {"level", "passes", "fails", "skips", "also"}
    base = said["passes"]
    return Case(
        law,
        control,
        int(said.get("level", 3)),
        (base, *({**base, **other} for other in said.get("also", ()))),
        tuple({**base, **other} for other in said["fails"]),
        ({**base, **said["skips"]},) if "skips" in said else (),
    )


def exhibit(kind: Kind, written: Written, missing: Mapping[str, str] | None = None) -> Exhibit:
    """Facts and documents by their names, as a case writes them."""
    return Exhibit(
        kind,
        "nk-cai-khe-ce1",
        TAKEN,
        {name: document(name, text) for name, text in written.items() if name in DOCUMENTS},
        {name: facts(name, value) for name, value in written.items() if name not in DOCUMENTS},
        missing or {},
    )


def facts(name: str, written: Any) -> tuple[Fact, ...]:
    known = FACTS[name]
    assert isinstance(written, list | tuple) == known.many, name
    values = written if known.many else [written]
    return tuple(
        Fact(literal(value, known.shape), Line(name, number, value)) for number, value in enumerate(values, 1)
    )


def document(name: str, text: str) -> Document:
    file = TEXTS / text
    lines = file.read_text(encoding="utf-8") if "\n" not in text and file.is_file() else text
    return Document(name, f"the {name} of a test", tuple(lines.splitlines()))
