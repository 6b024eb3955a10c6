"""Operations as data: written and read, secrets put in, and the way back to what was before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.change.operations import (
    Absent,
    File,
    Folder,
    Operation,
    Packages,
    Run,
    Service,
    read,
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


@given(hosts(), hosts())
def test_the_way_back_leads_back_and_no_data_goes(
    old: tuple[Operation, ...], new: tuple[Operation, ...]
) -> None:
    before = after(old, {})
    back = after(way_back(old, new), after(new, before))
    left = {thing: state for thing, state in back.items() if before.get(thing) != state}
    assert all(state in ("stopped", "folder") for state in left.values())
    assert all(back[thing] == state for thing, state in before.items())


@given(hosts(), hosts())
def test_who_read_what_is_gone_is_told(old: tuple[Operation, ...], new: tuple[Operation, ...]) -> None:
    back = way_back(old, new)
    gone = {each.id for each in back if isinstance(each, Absent)}
    answering = {each.id: set(triggers(each)) for each in back}
    for each in new:
        if isinstance(each, Service) and each.id in {one.id for one in old}:
            assert gone & set(triggers(each)) <= answering[each.id]


@given(hosts())
def test_there_is_no_way_back_to_where_one_is(operations: tuple[Operation, ...]) -> None:
    assert way_back(operations, operations) == operations


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
