"""A dead-man timer as a device is given it: one script, under a name that holds its own hash.

The usual call costs no extra round trip: only a device that lacks this very version answers
MISSING, and gets it.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from shlex import quote

from infra_ctl.errors import BusyError, DeviceError, NoSpaceError, NotRestoredError

MISSING = 47
"""Exit code of a call where the device does not have this version of the script."""

ANSWERS: Mapping[int, type[DeviceError]] = {
    40: BusyError,
    42: NoSpaceError,
    44: NotRestoredError,
    45: BusyError,  # nothing of that token is unconfirmed
    48: DeviceError,  # the timer does not start, or what is there cannot be read
}
"""What the exit codes of all timers mean."""


@dataclass(frozen=True, slots=True)
class Script:
    """A dead-man timer; its versions on a device are called by its stem and their hashes."""

    stem: str
    text: str = field(repr=False)
    digest: str

    @classmethod
    def of(cls, stem: str, package: str) -> Script:
        """What all timers do, and below it the `deadman.sh` of a package."""
        shared = resources.files("infra_ctl.deadman").joinpath("lease_and_timer.sh")
        own = resources.files(package).joinpath("deadman.sh")
        text = shared.read_text(encoding="utf-8") + own.read_text(encoding="utf-8")
        return cls(stem, text, hashlib.sha256(text.encode()).hexdigest())

    @property
    def name(self) -> str:
        """Of the file."""
        return f"{self.stem}-{self.digest[:12]}.sh"

    def call(self, state: str, arguments: Iterable[str]) -> str:
        """Runs it; ends with MISSING where this version is not in the folder `state`."""
        path = quote(f"{state}/{self.name}")
        return f"[ -r {path} ] || exit {MISSING}; exec /bin/sh {path} {shlex.join(arguments)}"

    def installation(self, state: str) -> str:
        """Puts this version, from stdin, beside an older one, and hooks it into the boot.

        A timer may be running from the older one. A session cut half-way has uploaded less than the whole:
        that never gets the name.
        """
        path = quote(f"{state}/{self.name}")
        return (
            f"umask 077; mkdir -p {quote(state)}; new={path}.new.$$; "
            f'cat >"$new" && echo "{self.digest}  $new" | sha256sum -c --status && sync "$new" && '
            f'/bin/sh "$new" install {path}; code=$?; rm -f "$new"; exit $code'
        )
