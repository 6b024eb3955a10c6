"""Output whose reader may leave, or whose disk may be full: the work goes on to its end all the same."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Forgiving(io.FileIO):
    lost = ""
    """Why something of what was said is nowhere; a reader who left wanted no more."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            pass
        except OSError as error:
            self.lost = error.strerror or type(error).__name__
        return memoryview(data).nbytes


def lost() -> str:
    """Why standard output has not all that was said; empty where it has."""
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper):
        return ""
    stream.flush()
    raw = getattr(stream.buffer, "raw", None)
    return raw.lost if isinstance(raw, _Forgiving) else ""


def outlive_readers() -> None:
    """`infra-ctl deploy --yes | head` deploys as without `head`, and ends with the same exit code.

    A stream that somebody has put in the place of the process's own is left alone.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _forgiving(sys.stdout)
    if isinstance(sys.stderr, io.TextIOWrapper) and sys.stderr is sys.__stderr__:
        sys.stderr = _forgiving(sys.stderr)


def _forgiving(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    raw = _Forgiving(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
