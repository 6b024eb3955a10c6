"""Bytes of one file → text that is safe to read on, or one clear problem."""

from __future__ import annotations

import codecs
import os
import re
import stat
from pathlib import Path

from infra_ctl.errors import InventoryError, Problem

LIMITS = {".yaml": 2 << 20, ".csv": 32 << 20}
"""Bytes a file may have; the reference city needs a hundredth, ten thousand wards a twentieth."""

# What no editor shows: control characters, Unicode's own line breaks, a byte order mark inside the text.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)")
_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def unreadable(file: str, message: str, line: int = 0, column: int = 0) -> InventoryError:
    """The one problem of a file that cannot be read on from there."""
    return InventoryError([Problem(file, line, column, message)])


def read(path: Path, file: str) -> bytes:
    """The bytes of a regular file within its limit; `file` is its name in problems. Raises InventoryError."""
    limit = LIMITS[path.suffix]
    try:
        # Looked at before it is opened: opening a pipe would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise unreadable(file, "is not a file")
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise unreadable(file, f"cannot be read: {os.strerror(error.errno or 0).lower()}") from error
    if len(data) > limit:
        raise unreadable(file, f"is larger than {limit >> 20} MiB")
    return data


def decode(data: bytes, file: str) -> str:
    """UTF-8 (a byte order mark at its start is taken off) with plain line ends. Raises InventoryError."""
    for mark, encoding in _OTHER_ENCODINGS.items():
        if data.startswith(mark):
            raise unreadable(file, f"is {encoding}; save it as UTF-8", 1, 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        byte = error.object[error.start]
        raise unreadable(
            file, f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8", *end(before)
        ) from error
    if found := _INVISIBLE.search(text):
        raise unreadable(file, f"character U+{ord(found[0]):04X} is not allowed", *end(text[: found.start()]))
    return text.replace("\r\n", "\n")


def end(text: str) -> tuple[int, int]:
    """Line and column, from 1, of the character that would follow `text`."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")
