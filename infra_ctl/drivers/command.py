"""The seam beneath a driver: run one command on a device, however the device is reached."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from infra_ctl.errors import SessionLostError, UnreachableError


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended: its exit code, and what it said."""

    rc: int
    stdout: bytes
    stderr: bytes


class CommandRunner(Protocol):
    """An open session with one device. Every error is a DeviceError."""

    def run(self, command: str, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        """Run POSIX shell text; `timeout` in seconds. Raises SessionLostError when its end is not seen."""

    def is_alive(self) -> bool:
        """Whether the next command has a session to go over."""

    def close(self) -> None:
        """End the session; a second time does nothing."""


@dataclass(frozen=True, slots=True)
class LocalRunner:
    """Runs commands on this machine, or, with an `enter` command such as `nsenter …`, inside a namespace."""

    device: str
    enter: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to that of this process."""

    def run(self, command: str, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        """Run it in a process of this machine; see CommandRunner."""
        try:
            done = subprocess.run(  # noqa: S603 # what is run is the driver's own text
                [*self.enter, "/bin/sh", "-c", command],
                input=stdin,
                capture_output=True,
                timeout=timeout,
                check=False,
                env={**os.environ, **self.environment},
            )
        except subprocess.TimeoutExpired as error:
            raise SessionLostError(self.device, f"no answer within {timeout:.0f} s") from error
        except OSError as error:
            raise UnreachableError(self.device, f"cannot run a command: {error.strerror}") from error
        return Completed(done.returncode, done.stdout, done.stderr)

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        """There is nothing to end."""
