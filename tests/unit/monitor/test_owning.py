"""Whose files are when they are written again: real owners and modes, where root runs the tests."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_ctl.errors import UnusableError
from infra_ctl.monitor.files import MonitorFile
from infra_ctl.monitor.owning import Owner, owner
from infra_ctl.monitor.rendering import MARK, write

READER = Owner(12_345, 23_456)
FILES = (
    MonitorFile("prometheus.yml", "a: 1\n"),
    MonitorFile("rules/ours.yml", "groups: []\n"),
    MonitorFile("web/exporters.yml", "b: vault:monitoring/web\n", private=True),
    MonitorFile("web/password", "vault:monitoring/web", private=True),
)
VAULT = {"monitoring/web": "s3cret"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """None: these are no files of a stack."""
    monkeypatch.setattr("infra_ctl.monitor.rendering.CHECKS", ())


@pytest.fixture
def closed() -> Iterator[None]:
    """As root has it on many machines."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def seen(path: Path) -> tuple[Owner, int]:
    status = path.stat()
    return Owner(status.st_uid, status.st_gid), stat.S_IMODE(status.st_mode)


def own(path: Path) -> Owner:
    return seen(path)[0]


def mode(path: Path) -> int:
    return seen(path)[1]


@pytest.mark.usefixtures("closed")
def test_modes_are_what_the_files_need_whatever_the_umask_is(tmp_path: Path) -> None:
    folder = tmp_path / "monitor"
    write(FILES, folder, VAULT)
    public = (folder / "prometheus.yml", folder / "rules/ours.yml", folder / MARK)
    assert [mode(path) for path in (folder, folder / "rules", folder / "web")] == [0o755] * 3
    assert [mode(path) for path in public] == [0o644] * 3
    assert mode(folder / "web/password") == 0o600


@as_root
def test_what_was_given_to_a_reader_stays_his_and_as_readable(tmp_path: Path) -> None:
    folder = tmp_path / "monitor"
    write(FILES, folder, VAULT)
    for path in (folder / "web", folder / "web/password"):
        os.chown(path, READER.user, READER.group)
    (folder / "web/password").chmod(0o640)
    (folder / "web").chmod(0o750)
    write([*FILES, MonitorFile("web/new.yml", "vault:monitoring/web", private=True)], folder, VAULT)
    assert seen(folder / "web") == (READER, 0o750)
    assert seen(folder / "web/password") == (READER, 0o640)
    assert (folder / "web/password").read_text() == "s3cret"
    assert seen(folder / "web/new.yml") == (READER, 0o640), "a new file is its folder's"
    assert seen(folder / "web/exporters.yml") == (own(folder), 0o600), "and an old one that nobody was given"


@as_root
def test_a_file_that_has_secrets_now_is_not_for_everybody_though_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "monitor"
    write(FILES, folder, VAULT)
    write([MonitorFile("prometheus.yml", "vault:monitoring/web", private=True)], folder, VAULT)
    assert mode(folder / "prometheus.yml") == 0o640


@as_root
def test_an_owner_gets_what_is_nobodys_yet(tmp_path: Path) -> None:
    folder, other = tmp_path / "monitor", Owner(34_567, 34_567)
    write(FILES, folder, VAULT)
    os.chown(folder / "web/password", other.user, other.group)
    write(FILES, folder, VAULT, READER)
    assert own(folder) == own(folder / "prometheus.yml") == own(folder / "web/exporters.yml") == READER
    assert own(folder / "web/password") == other
    assert mode(folder / "web/exporters.yml") == 0o640, "its group reads it now"
    write(FILES, tmp_path / "new", VAULT, READER)
    assert seen(tmp_path / "new/web/password") == (READER, 0o640)


@as_root
def test_a_link_stays_one_and_what_it_leads_to_stays_whose_it_was(tmp_path: Path) -> None:
    """Nothing is left beside the link either: what it leads to may be on another disk."""
    folder, link = tmp_path / "disk/monitor", tmp_path / "etc/monitor"
    link.parent.mkdir()
    link.symlink_to("../disk/monitor")
    write(FILES, link, VAULT)
    for path in (folder, folder / "web/password"):
        os.chown(path, READER.user, READER.group)
    write(FILES[1:], link, VAULT)
    assert link.readlink() == Path("../disk/monitor")
    assert own(folder) == own(folder / "web/password") == READER
    assert not (folder / "prometheus.yml").exists()
    assert [path.name for each in (folder, link) for path in each.parent.iterdir()] == ["monitor", "monitor"]


def test_a_link_to_itself_leads_nowhere(tmp_path: Path) -> None:
    link = tmp_path / "monitor"
    link.symlink_to(link)
    with pytest.raises(UnusableError, match=r"monitor: Too many levels of symbolic links$"):
        write(FILES, link, VAULT)


def test_what_cannot_be_given_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "monitor"
    write(FILES[:1], folder, VAULT)

    def refuse(*_who: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.chown", refuse)
    with pytest.raises(UnusableError, match=r"cannot be given to user 12345, group 23456: Operation not"):
        write(FILES, folder, VAULT, READER)
    assert sorted(path.name for path in folder.iterdir()) == [MARK, "prometheus.yml"]
    assert [path.name for path in tmp_path.iterdir()] == ["monitor"]


@pytest.mark.parametrize("interruption", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_comes_between_the_two_moves_leaves_the_folder_as_it_was(
    interruption: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, rename = tmp_path / "monitor", Path.rename
    write(FILES, folder, VAULT)

    def interrupted(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise interruption
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises((UnusableError, KeyboardInterrupt)):
        write(FILES[:1], folder, VAULT)
    assert (folder / "web/password").read_text() == "s3cret"
    assert [path.name for path in tmp_path.iterdir()] == ["monitor"]


def test_an_owner_is_one_of_this_machine() -> None:
    assert owner("root") == owner("root:root") == Owner(0, 0)
    for text in ("root:nosuchgroup", "nosuchuser", ""):
        with pytest.raises(UnusableError, match=rf"'{text}': there is no such user or group"):
            owner(text)
