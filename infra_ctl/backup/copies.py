"""Where what is kept is kept as well: the repository itself, and its remotes as git's configuration has them.

A remote's `site`, `media` and `encrypted` are what somebody says of it; what it has is looked at: a folder by
opening it, anything else by what was pushed there last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra_ctl.backup.repository import Repository, reading
from infra_ctl.errors import InfraCtlError


@dataclass(frozen=True, slots=True)
class Copy:
    """One place where backups are."""

    name: str
    """Of the remote; empty for the repository itself."""
    place: str
    site: str
    media: str
    encrypted: bool | None
    """None where nobody says so."""
    tip: str
    """The newest commit that it has; empty where it has none, or could not be opened."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest commit of each part, and who has it."""

    copies: tuple[Copy, ...]
    """The repository itself first."""
    order: Mapping[str, int]
    """Commits by how many are newer."""
    newest: Mapping[str, str]
    """The newest commit of a part, by the part's name."""

    def of(self, part: str) -> tuple[Copy, ...]:
        """The copies that have the newest of a part; one with a history of its own has not."""
        if part not in self.newest:
            return ()
        place = self.order[self.newest[part]]
        return tuple(each for each in self.copies if self.order.get(each.tip, place + 1) <= place)


def kept(folder: Path, context: str) -> Kept:
    """What is in a repository and its copies.

    Raises UnknownError where there is none, RefusedError where it is another context's, BackupError.
    """
    with reading(folder) as repository:
        repository.refuse_other(context)
        newest: dict[str, str] = {}
        order: dict[str, int] = {}
        for number, (commit, part) in enumerate(repository.commits()):
            order[commit] = number
            newest.setdefault(part, commit)
        copies = [_copy(repository, folder, name, said) for name, said in repository.settings().items()]
    return Kept(tuple(copies), order, newest)


def _copy(repository: Repository, folder: Path, name: str, said: Mapping[str, str]) -> Copy:
    encrypted = {"true": True, "false": False}.get(said.get("encrypted", "").lower())
    place = said.get("url", "") if name else str(folder)
    tip = _tip(repository, folder, name, place) if name else repository.head
    return Copy(name, _shown(place), said.get("site", ""), said.get("media", ""), encrypted, tip)


def _tip(repository: Repository, folder: Path, name: str, url: str) -> str:
    if (there := _folder(folder, url)) is None:
        return repository.tip(repository.branch, name)
    try:
        with reading(there) as copy:
            return copy.tip(repository.branch)
    except InfraCtlError:  # it is no copy now, whatever was pushed there once
        return ""


def _folder(folder: Path, url: str) -> Path | None:
    """Where a remote is on this machine; None where it is elsewhere: `host:path`, `ssh://…`."""
    if "://" in url:
        split = urlsplit(url)
        return Path(split.path) if split.scheme == "file" else None
    before, colon, _ = url.partition(":")
    return None if colon and "/" not in before else folder / url


def _shown(place: str) -> str:
    """Without the password that an address may hold."""
    split = urlsplit(place)
    return place if "@" not in split.netloc else place.replace(split.netloc, split.netloc.rpartition("@")[2])
