"""Files that are not what they should be: one clear line each, never a traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_ctl.errors import InventoryError
from infra_ctl.inventory import load
from infra_ctl.inventory.text import LIMITS

Edit = Callable[[str, str, str], None]
Problems = Callable[[], list[str]]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as caught:
        load(tmp_path / "nowhere")
    assert (
        str(caught.value)
        == f"{tmp_path}/nowhere:0:0: is no folder that can be read: no such file or directory; "
        "-i DIR or INFRA_CTL_INVENTORY names it"
    )


def test_a_file_in_place_of_the_folder(city: Path) -> None:
    with pytest.raises(
        InventoryError, match=r"pops\.csv:0:0: is no folder that can be read: not a directory"
    ):
        load(city / "pops.csv")


def test_a_missing_file_and_the_name_that_it_may_have(city: Path, problems: Problems) -> None:
    (city / "communes.csv").rename(city / "comunes.csv")
    assert problems() == ["communes.csv:0:0: is missing (did you mean 'comunes.csv'?)"]


def test_what_is_in_a_lost_file_is_not_missed_elsewhere(city: Path, problems: Problems) -> None:
    for name in ("hosts.yaml", "profiles.yaml", "units.csv", "pops.csv"):
        (city / name).unlink()
    assert problems() == [
        "hosts.yaml:0:0: is missing",
        "pops.csv:0:0: is missing",
        "profiles.yaml:0:0: is missing",
        "units.csv:0:0: is missing",
    ]


def test_a_folder_in_place_of_a_file(city: Path, problems: Problems) -> None:
    (city / "pops.csv").unlink()
    (city / "pops.csv").mkdir()
    assert problems() == ["pops.csv:0:0: is not a file"]


def test_a_pipe_in_place_of_a_file_is_not_waited_for(city: Path, problems: Problems) -> None:
    (city / "pops.csv").unlink()
    os.mkfifo(city / "pops.csv")
    assert problems() == ["pops.csv:0:0: is not a file"]


def test_a_link_in_a_circle(city: Path, problems: Problems) -> None:
    (city / "hosts.yaml").unlink()
    (city / "hosts.yaml").symlink_to("hosts.yaml")
    assert problems() == ["hosts.yaml:0:0: cannot be read: too many levels of symbolic links"]


def test_a_link_to_nowhere(city: Path, problems: Problems) -> None:
    (city / "unmanaged.yaml").unlink()
    (city / "unmanaged.yaml").symlink_to("elsewhere.yaml")
    assert problems() == ["unmanaged.yaml:0:0: cannot be read: no such file or directory"]


def test_a_link_to_a_file_is_followed(city: Path, problems: Problems) -> None:
    (city / "pops.csv").rename(city / "real.csv")
    (city / "pops.csv").symlink_to("real.csv")
    assert problems() == []


def test_a_file_that_is_too_large(city: Path, problems: Problems) -> None:
    with (city / "hosts.yaml").open("ab") as stream:
        stream.truncate(LIMITS[".yaml"] + 1)
    assert problems() == ["hosts.yaml:0:0: is larger than 2 MiB"]


BYTES = {
    "latin-1": (b"a: Tr\xe0 An\n", "1:6: byte 0xe0 is not UTF-8; save the file as UTF-8"),
    "cut-utf-8": (
        "a: 1\nb: Tr\N{LATIN SMALL LETTER A WITH GRAVE}".encode()[:-1],
        "2:6: byte 0xc3 is not UTF-8; save the file as UTF-8",
    ),
    "surrogate": (b"a: \xed\xa0\x80\n", "1:4: byte 0xed is not UTF-8; save the file as UTF-8"),
    "utf-16": ("a: 1".encode("utf-16"), "1:1: is UTF-16; save it as UTF-8"),
    "utf-32": ("a: 1".encode("utf-32"), "1:1: is UTF-32; save it as UTF-8"),
    "nul": (b"a: b\nc: d\x00\n", "2:5: character U+0000 is not allowed"),
    "escape": (b"a: \x1b[31m\n", "1:4: character U+001B is not allowed"),
    "inner-mark": ("a: \ufeffb\n".encode(), "1:4: character U+FEFF is not allowed"),
    "lone-carriage-return": (b"a: 1\rb: 2\n", "1:5: character U+000D is not allowed"),
    "line-separator": ("a: b\u2028c: d\n".encode(), "1:5: character U+2028 is not allowed"),
}
TREES = {
    "empty": ("", "1:1: is empty; write {} where there is nothing"),
    "only-comments": ("# nothing\n", "1:1: is empty; write {} where there is nothing"),
    "null": ("~\n", "1:1: is empty; write {} where there is nothing"),
    "list": ("- a\n", "1:1: must be a mapping: an id, a colon, and what it has"),
    "text": ("dc-app-1\n", "1:1: must be a mapping: an id, a colon, and what it has"),
    "tab": ("a:\n\tb: 1\n", "2:1: is not YAML: a tab cannot indent, use spaces"),
    "unclosed-quote": (
        "a: 'b\n",
        "2:1: is not YAML: while scanning a quoted scalar, found unexpected end of stream",
    ),
    "unclosed-list": (
        "é: [é, é\nb: 1\n",
        "2:2: is not YAML: while parsing a flow sequence, did not find expected ',' or ']'",
    ),
    "bad-indent": (
        "a:\n  b: 1\n c: 2\n",
        "3:2: is not YAML: while parsing a block mapping, did not find expected key",
    ),
    "two-colons": ("a: b: c\n", "1:5: is not YAML: mapping values are not allowed in this context"),
    "alias": ("a: &x {site: dc}\nb: *x\n", "1:4: anchor '&x': write values out"),
    "bomb": ("a: &a [x]\nb: &b [*a, *a]\n", "1:4: anchor '&a': write values out"),
    "unknown-alias": ("b: *x\n", "1:4: alias '*x': write the value out"),
    "merge-key": ("a: {site: dc}\nb: {<<: *a}\n", "2:9: alias '*a': write the value out"),
    "tag": (
        "a: !!python/object/apply:os.system [true]\n",
        "1:4: tag 'tag:yaml.org,2002:python/object/apply:os.system' is not used here",
    ),
    "directive": ("%YAML 1.1\n---\na: 1\n", "1:1: % directives are not used here"),
    "two-documents": ("a: {}\n---\nb: {}\n", "2:1: a second document: one document a file"),
    "twice": ("dc: {}\nbk: {}\ndc: {}\n", "3:1: 'dc' is written twice, first on line 1"),
    "list-as-key": ("? [a]\n: b\n", "1:3: a key must be text"),
    "null-as-key": ("~: b\n", "1:1: a key must be text"),
    "deep": ("[" * 100_000, "1:12: is nested more than 12 deep"),
    "deep-mapping": ("{a: " * 50_000, "1:45: is nested more than 12 deep"),
}
TABLES = {
    "empty": ("", "1:0: is empty; its first line is id,number,name,area"),
    "only-comments": ("# x\n\n", "1:0: is empty; its first line is id,number,name,area"),
    "no-header": ("nk,1,Ninh Kiều,0.0.0.1\n", None),
    "column-twice": ("id,id,number,name,area\n", "1:2: column 'id' is written twice"),
    "column-missing": ("id,name,area\n", "1:0: column missing: number"),
    "unclosed-quote": (
        'id,number,name,area\nnk,1,"Ninh,0.0.0.1\n',
        "2:0: is not CSV: unexpected end of data",
    ),
    "quote-inside": (
        'id,number,name,area\nnk,1,"Ninh" x,0.0.0.1\n',
        "2:0: is not CSV: ',' expected after '\"'",
    ),
    "too-many-fields": ("id,number,name,area\nnk,1,x,0.0.0.1,y\n", "2:5: has 5 fields, the header has 4"),
    "long-field": (
        'id,number,name,area\nnk,1,"' + "x" * 200_000 + '",0.0.0.1\n',
        "2:0: is not CSV: field larger than field limit (131072)",
    ),
}


@pytest.mark.parametrize(("data", "said"), BYTES.values(), ids=BYTES)
def test_bytes_that_are_no_text(data: bytes, said: str, city: Path, problems: Problems) -> None:
    for name in ("contracts.yaml", "pops.csv"):
        (city / name).write_bytes(data)
    assert problems() == [f"contracts.yaml:{said}", f"pops.csv:{said}"]


@pytest.mark.parametrize(("text", "said"), TREES.values(), ids=TREES)
def test_text_that_is_no_yaml_of_ours(text: str, said: str, city: Path, problems: Problems) -> None:
    (city / "hosts.yaml").write_text(text, encoding="utf-8")
    assert problems() == [f"hosts.yaml:{said}"]


@pytest.mark.parametrize(("text", "said"), TABLES.values(), ids=TABLES)
def test_text_that_is_no_table_of_ours(text: str, said: str | None, city: Path, problems: Problems) -> None:
    (city / "pops.csv").write_text(text, encoding="utf-8")
    found = [problem for problem in problems() if problem.startswith("pops.csv")]
    assert (
        found
        == [
            "pops.csv:1:0: column missing: id, number, name, area",
            "pops.csv:1:1: unknown column 'nk' (known: area, id, name, number)",
            "pops.csv:1:2: unknown column '1' (known: area, id, name, number)",
            "pops.csv:1:3: unknown column 'Ninh Kiều' (known: area, id, name, number)",
            "pops.csv:1:4: unknown column '0.0.0.1' (known: area, id, name, number)",
        ]
        if said is None
        else found == [f"pops.csv:{said}"]
    )


def test_a_table_of_rubbish_is_given_up(city: Path, problems: Problems) -> None:
    with (city / "pops.csv").open("a", encoding="utf-8") as stream:
        stream.write("x\n" * 5000)
    found = problems()
    assert len(found) == 1001
    assert found[-1] == "pops.csv:1005:0: too many problems; the rest was not read"


def test_a_list_of_lines_must_be_one(city: Path, problems: Problems) -> None:
    (city / "unmanaged.yaml").write_text("unmanaged: {a: b}\nclaimed: x\n", encoding="utf-8")
    assert problems() == ["unmanaged.yaml:1:12: must be a list", "unmanaged.yaml:2:10: must be a list"]


def test_a_file_of_sections_must_have_them(city: Path, problems: Problems) -> None:
    (city / "unmanaged.yaml").write_text("- a\n", encoding="utf-8")
    (city / "video.yaml").write_text("none\n", encoding="utf-8")
    assert problems() == [
        "unmanaged.yaml:1:1: must have the keys unmanaged and claimed",
        "video.yaml:1:1: must have the keys mcus, rooms and meetings",
    ]


def test_sections_may_be_empty(city: Path, problems: Problems) -> None:
    (city / "unmanaged.yaml").write_text("unmanaged:\nclaimed: ~\n", encoding="utf-8")
    assert problems() == []


def test_fields_may_be_padded_and_quoted(city: Path, edit: Edit) -> None:
    edit("pops.csv", "nk,1,Ninh Kiều,0.0.0.1", 'nk , 1, "Ninh ""Kiều""" ,0.0.0.1')
    # A quote after a blank is text in CSV: without blanks it quotes.
    edit("pops.csv", 'nk , 1, "Ninh ""Kiều""" ,', 'nk , 1,"Ninh ""Kiều""",')
    assert load(city).pops["nk"].name == 'Ninh "Kiều"'
