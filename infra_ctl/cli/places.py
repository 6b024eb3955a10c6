"""Where a command is to write, looked at before anything is done: a place that cannot be is a usage error."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from infra_ctl.errors import UnusableError

Command = TypeVar("Command", bound=Callable[..., Any])


def file_option(words: str) -> Callable[[Command], Command]:
    """Give a command `-o PATH`, a file that it writes."""
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option("-o", "path", type=kind, callback=_new_file, help=words)


def folder_option(words: str) -> Callable[[Command], Command]:
    """Give a command `-o FOLDER`, which it writes files into."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option("-o", "folder", type=kind, callback=_new_folder, help=words)


def _new_file(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """A file that can be written. Raises UnusableError."""
    if path is not None:
        _refuse(path, path.absolute().parent)
    return path


def _new_folder(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """A folder that is there or can be made. Raises UnusableError."""
    if path is not None:
        whole = path.absolute()
        _refuse(path, next(each for each in (whole, *whole.parents) if each.exists()))
    return path


def _refuse(path: Path, folder: Path) -> None:
    """Raises UnusableError where nothing can be put into the folder."""
    if not folder.exists():
        cause = errno.ENOENT
    elif not folder.is_dir():
        cause = errno.ENOTDIR
    elif not os.access(folder, os.W_OK | os.X_OK):
        cause = errno.EACCES
    else:
        return
    raise UnusableError(f"{path}: {os.strerror(cause)}")
