"""Whose a difference is, by what we last made, what is intended, and what is there."""

from __future__ import annotations

import pytest

from infra_ctl.change import normal
from infra_ctl.change.operations import File, Operation, Predicted, Run, Service
from infra_ctl.drift.differences import Difference, Kind, Made, of_device, of_host

LO = "interface lo\n"


def device(made: str, running: str, intended: str, begun: str = "", **options: bool) -> dict[Kind, list[str]]:
    """What is told of a device, without contexts."""
    known = Made.of(normal.parse(made), normal.parse(begun), **options)
    found = of_device(normal.parse(running), normal.parse(intended), known, (), "it differs")
    return {each.kind: [line for line in each.lines if line[:1] in "+-"] for each in found}


@pytest.mark.parametrize(
    ("made", "running", "intended", "found"),
    [
        (" bandwidth 1", " bandwidth 1", " bandwidth 2", {Kind.UNDEPLOYED: ["-  b1", "+  b2"]}),
        (" bandwidth 1", " bandwidth 3", " bandwidth 1", {Kind.CHANGED: ["-  b3", "+  b1"]}),
        (
            " bandwidth 1",
            " bandwidth 3",
            " bandwidth 2",
            {Kind.CHANGED: ["-  b3"], Kind.UNDEPLOYED: ["+  b2"]},
        ),
        (" bandwidth 1", "", " bandwidth 1", {Kind.CHANGED: ["+  b1"]}),
        ("", "", " bandwidth 1", {Kind.UNDEPLOYED: ["+  b1"]}),
    ],
    ids=["intent", "hand", "both", "gone", "new"],
)
def test_a_line_of_a_device(made: str, running: str, intended: str, found: dict[Kind, list[str]]) -> None:
    wide = {kind: sorted(line.replace("b", "bandwidth ") for line in lines) for kind, lines in found.items()}
    other = " description x\n"
    texts = (f"{LO}{other}{each}\n" for each in (made, running, intended))
    assert {kind: sorted(lines) for kind, lines in device(*texts).items()} == wide


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ((" router bgp 1", "  address-family ipv4 unicast", "-   network A", "+   network B"), 2),
        (("unit chrony: start", "file /etc/motd: write", "- old", "+ new", "unit ssh: reload"), 4),
        (("interface lo / bandwidth 3", "hostname x"), 2),
        ((), 0),
    ],
    ids=["device", "host", "unmanaged", "none"],
)
def test_lines_are_counted_and_so_is_an_operation_without_any(lines: tuple[str, ...], count: int) -> None:
    assert Difference(Kind.CHANGED, lines).count == count


def test_what_a_lost_run_was_about_to_make_may_be_there_and_is_not_missed() -> None:
    old, new, newer = (f"{LO} bandwidth {number}\n" for number in (1, 2, 3))
    assert set(device(old, new, newer, begun=new)) == {Kind.UNDEPLOYED}
    assert set(device(old, old, new, begun=new)) == {Kind.UNDEPLOYED}
    assert device(old, new, newer)[Kind.CHANGED] == ["-  bandwidth 2"]


def test_a_secret_that_reads_otherwise_is_a_hand_s_unless_the_vault_has_another() -> None:
    ours, there = (
        "router bgp 1\n neighbor A password vault:bgp/key\n",
        "router bgp 1\n neighbor A password {}\n",
    )
    running = there.format("<secret:0123abcd>")
    assert set(device(ours, running, ours)) == {Kind.CHANGED}
    assert set(device(ours, running, ours, is_rolled=True)) == {Kind.UNDEPLOYED}


def test_what_only_the_device_sees_is_nobody_s() -> None:
    form = normal.parse(LO)
    found = of_device(form, form, Made.of(form), (), "+ spelled otherwise\n")
    assert found == (Difference(Kind.UNDEPLOYED, ("+ spelled otherwise",)),)
    assert of_device(form, (), Made.of(()), ("ip route X",), "") == (
        Difference(Kind.UNMANAGED, ("ip route X",)),
    )


def file(text: str) -> File:
    return File(id="web/conf", path="/etc/web.conf", text=text)


RELOAD = Service(id="web/unit", unit="web", reload_after=("web/conf",))
LOAD = Run(id="web/load", command="load", after=("web/conf",))


def differs(diff: str) -> Predicted:
    return Predicted(id="web/conf", says="/etc/web.conf", diff=diff)


def host(
    changes: list[Predicted],
    wanted: list[Operation],
    made: list[Operation],
    begun: tuple[Operation, ...] = (),
) -> dict[Kind, tuple[str, ...]]:
    return {each.kind: each.lines for each in of_host(changes, wanted, made, begun)}


def test_a_file_is_told_line_by_line_and_who_only_answers_to_it_is_not_told() -> None:
    changes = [
        differs("  a\n- hand\n- old\n+ new\n+ gone"),
        Predicted(id="web/unit", says="reload web"),
        Predicted(id="web/load", says="run load"),
    ]
    found = host(changes, [file("a\nnew\ngone\n"), RELOAD, LOAD], [file("a\nold\ngone\n"), RELOAD, LOAD])
    assert found == {
        Kind.CHANGED: ("/etc/web.conf", "- hand", "+ gone"),
        Kind.UNDEPLOYED: ("/etc/web.conf", "- old", "+ new"),
    }


def test_a_unit_that_somebody_stopped_is_told_also_where_its_file_differs() -> None:
    changes = [differs("- hand"), Predicted(id="web/unit", says="start and enable web")]
    same: list[Operation] = [file("a\n"), RELOAD]
    assert host(changes, same, same)[Kind.CHANGED][-1] == "start and enable web"
    assert host(changes[1:], [file("a\n"), RELOAD], []) == {Kind.UNDEPLOYED: ("start and enable web",)}


def test_what_a_stopped_run_had_not_come_to_is_not_missed() -> None:
    new, old = file("new\n"), file("old\n")
    diff = [differs("- old\n+ new")]
    assert set(host(diff, [new], [old], (new,))) == {Kind.UNDEPLOYED}
    assert host([differs("- new\n+ newer")], [file("newer\n")], [old], (new,)) == {
        Kind.UNDEPLOYED: ("/etc/web.conf", "- new", "+ newer")
    }


def test_a_private_file_is_told_as_a_whole() -> None:
    hidden = [differs("  2 lines of a private file differ")]
    shown = ("/etc/web.conf", "  2 lines of a private file differ")
    assert host(hidden, [file("a\n")], [file("a\n")]) == {Kind.CHANGED: shown}
    assert host(hidden, [file("b\n")], [file("a\n")]) == {Kind.UNDEPLOYED: shown}
