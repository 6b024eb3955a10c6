"""The image of a lab's hosts: built once, from the machine's own sources, whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_ctl.errors import LabError
from infra_ctl.lab import image
from infra_ctl.lab.image import Image

ONE_LINE = "deb http://packages.example/debian bookworm main\n"
DEB822 = "Types: deb\nURIs: http://packages.example/debian\nSuites: bookworm bookworm-updates\n"


def silent(_stage: str, _done: int, _of: int) -> None:
    """Nobody watches."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INFRA_CTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was built, by a builder that only makes the root."""
    images: list[Path] = []

    def bootstrap(new: Image, _log: Path, _progress: object) -> None:
        new.root.mkdir()
        images.append(new.folder)

    monkeypatch.setattr(image, "_bootstrap", bootstrap)
    return images


def test_it_is_built_once_and_has_its_name_only_when_it_is_whole(built: list[Path], cache: Path) -> None:
    found = image.ensure(silent)
    assert image.ensure(silent) == found
    assert len(built) == 1
    assert built[0] != found.folder
    assert found.root.is_dir()
    assert sorted(path.name for path in cache.iterdir()) == [found.folder.name, "lock"]


def test_two_commands_build_one(built: list[Path]) -> None:
    threads = [threading.Thread(target=image.ensure, args=(silent,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1


@pytest.mark.parametrize("end", [KeyboardInterrupt, LabError])
def test_one_that_is_cut_short_leaves_nothing(
    end: type[BaseException], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(new: Image, _log: Path, _progress: object) -> None:
        new.root.mkdir()
        raise end

    monkeypatch.setattr(image, "_bootstrap", dies)
    with pytest.raises(end):
        image.ensure(silent)
    assert [path.name for path in cache.iterdir()] == ["lock"]


def test_what_a_killed_one_left_goes_first(built: list[Path], cache: Path) -> None:
    (cache / "hosts-0123.new/root/etc").mkdir(parents=True)
    found = image.ensure(silent)
    assert sorted(path.name for path in cache.iterdir()) == [found.folder.name, "lock"]


def test_what_is_not_ours_stays_whatever_its_name_ends_in(built: list[Path], cache: Path) -> None:
    (cache / "theirs.new").mkdir(parents=True)
    (cache / "hosts-0123.new").touch()
    (cache / "hosts-4567.new").symlink_to(cache / "theirs.new")
    found = image.ensure(silent)
    assert sorted(path.name for path in cache.iterdir()) == [found.folder.name, "lock", "theirs.new"]


def test_another_recipe_is_another_image(monkeypatch: pytest.MonkeyPatch) -> None:
    first = image.image()
    assert image.image() == first
    monkeypatch.setattr(image, "OFFERED", (*image.OFFERED, "hello"))
    assert image.image() != first


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("debian.sources", DEB822, True),
        ("debian.list", ONE_LINE, True),
        ("debian.sources.off", DEB822, False),
        ("other.list", ONE_LINE.replace(" bookworm ", " cloud-sdk-bookworm "), False),
        ("other.list", f"# {ONE_LINE}", False),
        ("next.sources", DEB822.replace("bookworm", "trixie"), False),
    ],
)
def test_the_machines_own_sources_of_the_suite_are_taken(
    name: str, text: str, counts: bool, tmp_path: Path
) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(ONE_LINE)
    file = tmp_path / "sources.list.d" / name
    file.write_text(text)
    assert image.sources(tmp_path) == (tmp_path / "sources.list", *([file] if counts else []))


def test_a_machine_without_the_suite_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"hosts are Debian bookworm, which no apt source of this machine has"):
        image.sources(tmp_path)


@pytest.fixture
def mmdebstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program in the place of all that the building runs."""

    def put(script: str) -> None:
        for name, text in (("setpriv", script), ("apt-config", "echo 'Acquire::Retries \"3\";'")):
            program = tmp_path / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/sh\n{text}\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
        monkeypatch.setattr(image, "sources", lambda: (Path("/etc/apt/debian.sources"),))

    return put


def test_the_building_tells_where_it_is(mmdebstrap: Callable[[str], None], cache: Path) -> None:
    mmdebstrap("echo 'I: running apt-get update...'; echo 'Get:1 x'; echo 'I: success in 3 seconds' >&2")
    told: list[tuple[str, int, int]] = []
    found = image.ensure(lambda *stage: told.append(stage))
    assert told == [("image", 0, 7), ("image", 1, 7), ("image", 7, 7)]
    assert "Get:1 x\n" in found.log.read_text()
    assert list(found.folder.glob("apt.conf")) == [], "it may hold a proxy's password"


def test_a_building_that_fails_says_its_first_error(mmdebstrap: Callable[[str], None], cache: Path) -> None:
    mmdebstrap("echo 'E: Unable to locate package x'; echo 'E: mmdebstrap failed to run'; exit 1")
    with pytest.raises(LabError, match=r"not built: Unable to locate package x; see .*\.log$"):
        image.ensure(silent)
    assert sorted(path.suffix for path in cache.iterdir()) == ["", ".log"]
