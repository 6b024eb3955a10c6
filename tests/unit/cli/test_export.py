"""`infra-ctl export`: exporters are what entry points say they are, whoever installed them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint

import pytest

from infra_ctl.cli import export
from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command

GIVEN: list[tuple[str, ...]] = []


def exporter(argv: Sequence[str]) -> None:
    """Stands for one: it serves nothing and keeps its arguments."""
    GIVEN.append(tuple(argv))


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    GIVEN.clear()
    places = {"path": f"{__name__}:exporter", "broken": "exporters.nowhere:main"}
    found = tuple(EntryPoint(name, place, export.GROUP) for name, place in places.items())
    monkeypatch.setattr(export, "entry_points", lambda group: found if group == export.GROUP else ())


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("--help",),
        ("-h",),
        ("-i", "city", "--web.listen-address", ":9870", "--web.listen-address=[::1]:9870", "word"),
    ],
)
def test_all_arguments_are_the_exporter_s(infra_ctl: Command, argv: tuple[str, ...]) -> None:
    assert infra_ctl("export", "path", *argv).code == Exit.DONE
    assert [argv] == GIVEN


def test_help_lists_them(infra_ctl: Command) -> None:
    said = infra_ctl("export", "--help")
    words = " ".join(said.out.split())
    assert said.code == Exit.DONE
    assert "path `infra-ctl export`: exporters are what entry points say they are, whoever" in words
    assert "broken cannot be loaded: No module named 'exporters.nowhere'" in words


def test_one_that_is_not_there_is_a_line_with_those_that_are(infra_ctl: Command) -> None:
    said = infra_ctl("export", "paht")
    assert said.code == Exit.USAGE
    assert "there is no exporter 'paht' (did you mean 'path'?); there are broken, path" in said.err


def test_one_that_cannot_be_loaded_is_a_line(infra_ctl: Command) -> None:
    said = infra_ctl("export", "broken")
    assert said.code == Exit.USAGE
    assert said.err == "error: exporter 'broken' cannot be loaded: No module named 'exporters.nowhere'\n"
