"""Whose the files are: whoever was given one to read keeps it when it is written again."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.errors import UnusableError

PUBLIC, PRIVATE, SHARED, FOLDER = 0o644, 0o600, 0o640, 0o755
"""Modes. A new file with secrets is read by a group if it was given to one."""
_NOT_ALL = 0o770


@dataclass(frozen=True, slots=True)
class Owner:
    """A user and a group of this machine, by number."""

    user: int
    group: int


def owner(text: str) -> Owner:
    """Of `USER:GROUP`; a user alone has the group that is his. Raises UnusableError."""
    user, _, group = text.partition(":")
    try:
        entry = pwd.getpwnam(user)
        return Owner(entry.pw_uid, grp.getgrnam(group).gr_gid if group else entry.pw_gid)
    except KeyError as exc:
        raise UnusableError(f"'{text}': there is no such user or group on this machine") from exc


def settle(new: Path, old: Path, private: Collection[str], given: Owner | None = None) -> None:
    """Owner and mode of all that is new, whatever the umask is; `private` are files with secrets in it.

    What `old` has too is somebody else's if it was. The rest is `given`, or its folder's. Who keeps a file
    finds it as readable as it was, though never for everybody where there are secrets. Raises UnusableError.
    """
    for path in (new, *sorted(new.rglob("*"))):  # a folder before what is in it
        name = str(path.relative_to(new))
        mine, was = _owned(path.lstat()), _status(old / name, path)
        whose = _whose(path, mine, was, given)
        if whose != mine:
            _give(path, whose, name)
        kept = was if was is not None and _owned(was) == whose else None
        path.chmod(_mode(path, kept, is_private=name in private, is_given=whose.group != mine.group))


def _owned(status: os.stat_result) -> Owner:
    return Owner(status.st_uid, status.st_gid)


def _status(old: Path, new: Path) -> os.stat_result | None:
    """Of what was there before, where it was of the same kind."""
    try:
        status = old.lstat()
    except OSError:
        return None
    return status if stat.S_IFMT(status.st_mode) == stat.S_IFMT(new.lstat().st_mode) else None


def _whose(path: Path, mine: Owner, was: os.stat_result | None, given: Owner | None) -> Owner:
    if was is not None and _owned(was) != mine:
        return _owned(was)
    if given is not None:
        return given
    return mine if was is not None else _owned(path.parent.lstat())


def _give(path: Path, whose: Owner, name: str) -> None:
    try:
        os.chown(path, whose.user, whose.group)
    except OSError as exc:
        who = f"user {whose.user}, group {whose.group}"
        raise UnusableError(f"{name} cannot be given to {who}: {os.strerror(exc.errno or 0)}") from exc


def _mode(path: Path, was: os.stat_result | None, *, is_private: bool, is_given: bool) -> int:
    if was is not None:
        return stat.S_IMODE(was.st_mode) & (_NOT_ALL if is_private else 0o777)
    if is_private:
        return SHARED if is_given else PRIVATE
    return FOLDER if path.is_dir() else PUBLIC
