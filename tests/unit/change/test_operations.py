"""Operations as data: written and read, secrets put in, and the way back to what was before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.change.operations import (
    Absent,
    File,
    Folder,
    Operation,
    Packages,
    Predicted,
    Run,
    Service,
    overwritten,
    read,
    refuse_broken,
    resolved,
    triggers,
    way_back,
    written,
)

NAMES = [f"n{number}" for number in range(6)]


@st.composite
def hosts(draw: st.DrawFn) -> tuple[Operation, ...]:
    """Files, folders and services that read files, each named once."""
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True))
    texts = st.sampled_from(["a\n", "b\n"])
    files = [File(id=f"role/{name}", path=f"/etc/{name}", text=draw(texts)) for name in chosen]
    folders = [Folder(id=f"role/{name}-folder", path=f"/srv/{name}") for name in chosen[:2]]
    services = [
        Service(id=f"role/{name}-unit", unit=name, reload_after=tuple(each.id for each in files))
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]
    return (*files, *folders, *services)


def after(operations: tuple[Operation, ...], there: dict[str, str]) -> dict[str, str]:
    """What is on a host once operations were done: files with their texts, units that run."""
    now = dict(there)
    for each in operations:
        if isinstance(each, File):
            now[each.path] = each.text
        elif isinstance(each, Absent):
            now.pop(each.path, None)
        elif isinstance(each, Folder):
            now[each.path] = "folder"
        elif isinstance(each, Service):
            now[each.unit] = "running" if each.running else "stopped"
    return now


def predicted(operations: tuple[Operation, ...], there: dict[str, str]) -> tuple[Predicted, ...]:
    """What operations would do to a host, as a driver says it."""
    found = []
    for each in operations:
        if isinstance(each, File) and there.get(each.path) != each.text:
            found.append(Predicted(id=each.id, says=each.path, creates=each.path not in there))
        elif isinstance(each, Absent) and each.path in there:
            found.append(Predicted(id=each.id, says=f"remove {each.path}"))
        elif isinstance(each, Service) and there.get(each.unit) != "running":
            found.append(Predicted(id=each.id, says=f"start and enable {each.unit}"))
    return tuple(found)


def besides() -> st.SearchStrategy[dict[str, str]]:
    """What is on a host by nobody's operations."""
    files = st.dictionaries(
        st.sampled_from([f"/etc/{name}" for name in NAMES]), st.sampled_from(["a\n", "c\n"])
    )
    units = st.dictionaries(st.sampled_from(NAMES), st.just("running"))
    return st.builds(lambda one, other: {**one, **other}, files, units)


@given(hosts(), hosts(), besides())
def test_the_way_back_leads_back_and_no_data_goes(
    old: tuple[Operation, ...], new: tuple[Operation, ...], foreign: dict[str, str]
) -> None:
    """Also what was there by nobody's operations is as it was, where the run has not written over it."""
    before = after(old, foreign)
    did = predicted(new, before)
    back = after(way_back(old, new, did), after(new, before))
    left = {thing: state for thing, state in back.items() if thing not in before}
    assert all(state in ("stopped", "folder") for state in left.values())
    lost = {thing for thing, state in before.items() if back.get(thing) != state}
    assert lost == set(overwritten(old, new, did))


@given(hosts(), hosts())
def test_who_read_what_is_gone_is_told(old: tuple[Operation, ...], new: tuple[Operation, ...]) -> None:
    """Also a unit that was there before, and runs on."""
    there = after(old, dict.fromkeys(NAMES, "running"))
    back = way_back(old, new, predicted(new, there))
    refuse_broken(back)
    gone = {each.id for each in back if isinstance(each, Absent)}
    answering = {each.id: set(triggers(each)) for each in back}
    for each in new:
        if isinstance(each, Service) and each.id in answering:
            assert gone & set(triggers(each)) <= answering[each.id]


@given(hosts())
def test_there_is_no_way_back_to_where_one_is(operations: tuple[Operation, ...]) -> None:
    assert way_back(operations, operations, ()) == operations


@pytest.mark.parametrize(
    ("wanted", "says", "running", "enabled"),
    [
        (True, "start and enable nginx", False, False),
        (True, "enable nginx", True, False),
        (True, "start nginx", False, True),
        (True, "reload nginx", True, True),
        (True, "", True, True),
        (False, "disable and stop nginx", True, True),
        (False, "stop nginx", True, False),
        (False, "", False, False),
    ],
)
def test_a_unit_is_again_as_it_was(wanted: bool, says: str, running: bool, enabled: bool) -> None:
    unit = Service(id="portal/nginx", unit="nginx", running=wanted, enabled=wanted)
    did = (Predicted(id=unit.id, says=says),) if says else ()
    (back,) = way_back((), (unit,), did)
    assert back == unit.model_copy(update={"running": running, "enabled": enabled})


def test_what_came_of_a_file_that_goes_goes_after_it() -> None:
    """Only a command that can take it away is given again, and only by a run that made its file."""
    rules = File(id="marks/rules", path="/etc/marks.nft", text="a", guarded=True)
    load = Run(id="marks/load", command="load or undo", unless="is loaded", after=(rules.id,), undoes=True)
    done = Predicted(id=rules.id, says=rules.path, creates=True)
    back = way_back((), (rules, load), (done,))
    assert back == (
        Absent(id=rules.id, path=rules.path, guarded=True),
        load.model_copy(update={"unless": ""}),
    )
    assert way_back((), (rules, load.model_copy(update={"undoes": False})), (done,)) == back[:1]
    assert way_back((), (rules, load), ()) == ()
    assert way_back((rules, load), (rules, load), ()) == (rules, load)


def test_what_a_run_removed_or_wrote_over_is_named() -> None:
    site, default = File(id="a/site", path="/etc/site", text=""), Absent(id="a/default", path="/etc/default")
    found = (Predicted(id=site.id, says=site.path), Predicted(id=default.id, says="remove /etc/default"))
    assert overwritten((), (site, default), found) == ("/etc/site", "/etc/default")
    assert overwritten((), (site, default), ()) == ()
    assert overwritten((), (site,), (found[0].model_copy(update={"creates": True}),)) == ()
    assert overwritten((site,), (site, default), found[:1]) == ()
    assert way_back((), (site, default), found) == ()


def test_what_is_written_is_read() -> None:
    operations = (
        Packages(id="base/packages", names=("nftables",)),
        File(id="base/motd", path="/etc/motd", text="xin chào\n", guarded=True),
        Run(id="base/run", command="true", after=("base/motd",)),
    )
    assert read(written(operations)) == operations


def test_secrets_are_put_in_everywhere() -> None:
    operations = (
        File(id="a", path="/etc/a", text="password vault:x\n"),
        Run(id="b", command="join vault:x", unless="test vault:x"),
        Packages(id="c", names=("vault:x",)),
    )
    found = resolved(operations, lambda text: text.replace("vault:x", "s3cret"))
    assert "vault:x" not in written(found)
    assert written(found).count("s3cret") == 4
