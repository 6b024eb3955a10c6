"""What is wrong with a law, told all at once: file:line:column and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra_ctl.controls.loading import MOST_FILES, laws
from infra_ctl.errors import InventoryError
from infra_ctl.inventory.slices import Slice, write_slice

LAW = """\
law: own
title: {vi: Của thành phố, en: Its own}
source: ours
since: 2026-01-01
"""
CONTROL = """\
  OWN-01:
    title: {vi: Một, en: One}
    clause: none
    severity: low
    remediation: {vi: Sửa, en: Mend}
    levels: LEVELS
    of: OF
    holds: HOLDS
"""
"""Of which `levels` is on line 11, `of` on 12 and `holds` on 13 of a file."""

ONCE = (
    "a fact is compared once: by one of is, is_not, one_of, none_of, at_least, at_most, above, below, "
    "matches, matches_not, count_at_least, count_at_most"
)


def control(holds: str, of: str = "host", levels: str = '{3: "true"}') -> str:
    return CONTROL.replace("LEVELS", levels).replace("OF", of, 1).replace("HOLDS", holds)


def told(folder: Path, files: Mapping[str, str]) -> list[str]:
    """The problems of `controls/`, without the folder's own path."""
    there = folder / "controls"
    there.mkdir()
    for name, text in files.items():
        (there / name).write_text(text, encoding="utf-8")
    try:
        laws(folder)
    except InventoryError as error:
        return [str(problem).removeprefix(f"{there}").lstrip("/") for problem in error.problems]
    return []


def of_control(folder: Path, text: str) -> list[str]:
    return told(folder, {"own.yaml": f"{LAW}controls:\n{text}"})


def test_the_frame_of_these_tests_is_right(tmp_path: Path) -> None:
    assert of_control(tmp_path, control("{fact: ssh.root, is: no}")) == []


@pytest.mark.parametrize(
    ("holds", "problem"),
    [
        ("{}", "13:12: a term has one of all, any, not, lines, fact, code"),
        ("[]", "13:12: must be a mapping: lines of `key: value`"),
        (
            "{fact: ssh.root, is: no, lines: sshd}",
            "13:12: a term has one of all, any, not, lines, fact, code, not lines and fact",
        ),
        (
            "{fact: ssh.rot, is: no}",
            "13:19: there is no fact 'ssh.rot' (did you mean 'ssh.root'?)",
        ),
        (
            "{lines: sshdd, forbid: x}",
            "13:20: there is no document 'sshdd' (did you mean 'sshd'?)",
        ),
        ("{lines: frr, forbid: x}", "13:20: no host has the document 'frr': it is of device"),
        (
            "{fact: circuit.class, is: leased}",
            "13:19: no host has the fact 'circuit.class': it is of circuit",
        ),
        (
            "{fact: ssh.root, is: no, is_not: yes}",
            f"13:19: {ONCE}",
        ),
        (
            "{fact: ssh.root}",
            f"13:19: {ONCE}",
        ),
        ("{fact: ssh.root, ist: no}", "13:29: unknown key 'ist' (did you mean 'is'?)"),
        ("{fact: ssh.root, is: no, under: x}", "13:44: under has no place beside fact"),
        ("{lines: sshd, forbid: x, some: true}", "13:43: some has no place beside lines"),
        (
            "{fact: log.kept, at_least: 3 months}",
            "13:39: '3 months' is not a duration, such as 100ms, 5m, 4h or 90d",
        ),
        ("{fact: log.kept, at_least: inf}", "13:39: 'inf' is not a duration, such as 100ms, 5m, 4h or 90d"),
        ("{fact: log.kept, at_least: 90}", "13:39: '90' is not a duration, such as 100ms, 5m, 4h or 90d"),
        ("{fact: log.free, at_least: 20d}", "13:39: '20d' is not a ratio, such as 90% or 0.9"),
        ("{fact: ssh.factors, at_least: nan}", "13:42: 'nan' is not a number, such as 3"),
        ("{fact: ssh.password, is: no}", "13:37: 'no' is not true or false"),
        (
            "{fact: ssh.root, at_least: no}",
            "13:39: a text has no order: use is or is_not or one_of or none_of",
        ),
        ("{fact: ssh.root, count_at_most: 0}", "13:44: has one value: there is nothing to count"),
        ("{fact: ssh.port, count_at_most: 1d}", "13:44: '1d' is not a number, such as 3"),
        (
            "{fact: log.kept, at_least: $level}",
            "11:17: 'true' is not a duration, such as 100ms, 5m, 4h or 90d",
        ),
        (
            "{fact: ssh.root, matches: '('}",
            "13:38: is no regular expression: missing ), unterminated subpattern at position 0",
        ),
        (
            "{lines: sshd, forbid: '[a'}",
            "13:34: is no regular expression: unterminated character set at position 0",
        ),
        (
            "{lines: sshd, under: x}",
            "13:20: says nothing of the lines: it needs one of require, forbid, last",
        ),
        (
            "{lines: sshd, forbid: x, under: '*'}",
            "13:44: is no regular expression: nothing to repeat at position 0",
        ),
        ("{fact: , is: x}", "13:19: is empty"),
        ("{fact: ssh.root, is: }", "13:33: is empty"),
        ("{all: }", "13:18: is empty"),
        ("{not: ~}", "13:18: is empty"),
        (
            "{fact: ssh.root, is: no, some: true}",
            "13:43: some is for values of a fact of many, compared one by one",
        ),
        (
            '{fact: ssh.port, count_at_least: "1", some: true}',
            "13:56: some is for values of a fact of many, compared one by one",
        ),
        ("{all: []}", "13:18: has no terms"),
        (
            "{any: [{fact: ssh.root, is: no}, {}]}",
            "13:45: a term has one of all, any, not, lines, fact, code",
        ),
        (
            "{any: [{fact: ssh.root, is: no, from: 3}]}",
            "13:50: only a term of an `all` may be asked from a level on",
        ),
        (
            "{not: {fact: ssh.root, is: no, from: 3}}",
            "13:49: only a term of an `all` may be asked from a level on",
        ),
        (
            "{fact: ssh.root, is: no, from: 3}",
            "13:43: only a term of an `all` may be asked from a level on",
        ),
        (
            "{all: [{fact: ssh.root, is: no, from: 4}]}",
            "13:18: nothing of this is asked at level 3, at which the control is",
        ),
        ("{all: [{fact: ssh.root, is: no, from: 9}]}", "13:50: '9' must be at most 5"),
        ("{fact: ssh.root, is: no, says: {vi: Không}}", "13:37: 'en' is missing"),
    ],
)
def test_a_term_that_cannot_be(holds: str, problem: str, tmp_path: Path) -> None:
    assert of_control(tmp_path, control(holds)) == [f"own.yaml:{problem}"]


@pytest.mark.parametrize(
    ("of", "levels", "problem"),
    [
        (
            "router",
            '{3: "true"}',
            "12:9: 'router' is not a choice here (known: circuit, city, device, host, machine, site, system)",
        ),
        ("host", "{}", "11:13: asks nothing at any level"),
        ("host", '{6: "true"}', "11:14: '6' must be at most 5"),
        ("host", "{three: x}", "11:14: 'three' is not a whole number"),
        ("host", "{3: }", "11:17: is empty"),
        (
            "host\n    where: role=cee",
            '{3: "true"}',
            "13:12: selector, column 1: role is never 'cee'",
        ),
        (
            "host\n    where: sytem=one-stop",
            '{3: "true"}',
            "13:12: selector, column 1: unknown key 'sytem' (did you mean 'system'?)",
        ),
        (
            "city\n    where: role=ce",
            '{3: "true"}',
            "13:12: only devices, hosts and machines can be selected: no selector means a city",
        ),
    ],
)
def test_a_control_that_cannot_be(of: str, levels: str, problem: str, tmp_path: Path) -> None:
    kind = "city" if of.startswith("city") else "host"
    fact = {"host": "{fact: ssh.root, is: no}", "city": '{fact: city.unzoned, count_at_most: "0"}'}[kind]
    assert of_control(tmp_path, control(fact, of, levels)) == [f"own.yaml:{problem}"]


def test_what_only_devices_have_cannot_be_asked_of_machines(tmp_path: Path) -> None:
    assert of_control(tmp_path, control("{lines: frr, forbid: x}", "machine")) == [
        "own.yaml:13:20: no machine has the document 'frr': it is of device"
    ]


@pytest.mark.parametrize(
    ("files", "problems"),
    [
        ({"own.yaml": "\tlaw: x"}, ["own.yaml:1:1: is not YAML: a tab cannot indent, use spaces"]),
        ({"own.yaml": ""}, ["own.yaml:1:1: is empty; write {} where there is nothing"]),
        (
            {"own.yaml": "- x"},
            ["own.yaml:1:1: must be a mapping: law, title, source, since and controls"],
        ),
        ({"own.yaml": "{}"}, ["own.yaml:1:1: must say which `law` it is"]),
        ({"own.yaml": "source: x\nlaw: [a]"}, ["own.yaml:2:1: must say which `law` it is"]),
        (
            {"own.yaml": "law: tcvn-11930-2017\ncontrols: [a]"},
            ["own.yaml:2:11: must be a mapping: an id, a colon, and what it asks"],
        ),
        (
            {"own.yaml": "law: tcvn-14423-2062\ncontrols: {}"},
            [
                "own.yaml:1:6: there is no law 'tcvn-14423-2062' to lie on (did you mean 'tcvn-14423-2026'?);"
                " a new one has title, source and since"
            ],
        ),
        (
            {"own.yaml": "law: own\ntitle: {vi: Của ta, en: Ours}\n"},
            ["own.yaml:1:1: 'since' is missing", "own.yaml:1:1: 'source' is missing"],
        ),
        (
            {"own.yaml": LAW + "controls:\n  own-1: {}"},
            [
                f"own.yaml:6:3: {problem}"
                for problem in (
                    "'clause' is missing",
                    "'holds' is missing",
                    "'levels' is missing",
                    "'of' is missing",
                    "'own-1' must be an id, such as NET-09",
                    "'remediation' is missing",
                    "'severity' is missing",
                    "'title' is missing",
                )
            ],
        ),
        (
            {"own.yaml": LAW + "controls:\n" + 2 * control("{fact: ssh.root, is: no}")},
            ["own.yaml:14:3: 'OWN-01' is written twice, first on line 6"],
        ),
        (
            {
                "a.yaml": LAW + "controls:\n" + control("{fact: ssh.root, is: no}"),
                "b.yaml": "law: own\ncontrols:\n" + control("{fact: ssh.root, is: no}"),
            },
            ["b.yaml:3:3: control 'OWN-01' of own is written twice, first in a.yaml on line 6"],
        ),
        (
            {"a.yaml": LAW, "b.yaml": LAW},
            ["b.yaml:1:6: law 'own' is described twice, first in a.yaml on line 1"],
        ),
        ({"own.yml": LAW}, ["own.yml:0:0: is not read: laws are in .yaml files"]),
        ({"own.py": "import os"}, ["own.py:0:0: is not read: laws are in .yaml files"]),
        (
            {"own.yaml": LAW + "controls:\n  OWN-01: {id: X}"},
            ["own.yaml:6:12: unknown key 'id': it is the key above"],
        ),
    ],
)
def test_a_file_that_cannot_be(files: Mapping[str, str], problems: list[str], tmp_path: Path) -> None:
    assert told(tmp_path, files) == problems


def test_all_files_are_told_of_at_once(tmp_path: Path) -> None:
    files = {"a.yaml": "- x", "b.yml": "", "c.yaml": LAW + "controls:\n" + control("{}")}
    assert [line.partition(":")[0] for line in told(tmp_path, files)] == ["a.yaml", "b.yml", "c.yaml"]


def test_a_thousand_files_are_read_and_no_more(tmp_path: Path) -> None:
    files = {
        f"{number}.yaml": f"law: own-{number}\n{LAW.partition(chr(10))[2]}" for number in range(MOST_FILES)
    }
    assert told(tmp_path, files) == []
    (tmp_path / "controls/more.yaml").write_text("law: tcvn-11930-2017")
    with pytest.raises(InventoryError, match=f"has 1001 files, more than {MOST_FILES}"):
        laws(tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "controls").write_text("law: own")
    with pytest.raises(InventoryError, match="controls:0:0: is no folder that can be read: not a directory"):
        laws(tmp_path)


def test_a_city_replaces_a_control_as_a_whole_and_adds_its_own(tmp_path: Path) -> None:
    lies = "law: tcvn-14423-2026\ncontrols:\n" + control("{fact: ssh.root, is: no}").replace(
        "OWN-01", "LOG-03"
    )
    assert (
        told(
            tmp_path,
            {"ours.yaml": lies, "own.yaml": LAW + "controls:\n" + control("{fact: ssh.root, is: no}")},
        )
        == []
    )
    found = laws(tmp_path)
    assert found["tcvn-14423-2026"].title.en.startswith("TCVN 14423:2026")
    assert found["tcvn-14423-2026"].controls["LOG-03"].levels == {3: "true"}
    assert len(found["tcvn-14423-2026"].controls) == 59
    assert list(found["own"].controls) == ["OWN-01"]
    assert list(found)[:4] == ["city-standard", "tcvn-11930-2017", "tcvn-14423-2026", "tslcd-2026"]


def test_a_part_of_a_city_has_the_laws_of_the_whole(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    folder.mkdir()
    assert told(folder, {"own.yaml": LAW}) == []
    write_slice(Slice(of=folder, devices=()), tmp_path / "part")
    assert "own" in laws(tmp_path / "part")
