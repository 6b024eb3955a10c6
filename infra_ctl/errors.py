"""Every exception that infra-ctl raises on purpose.

InfraCtlError
├── InventoryError          what the engineer wrote: holds every problem found, nothing was tried
├── SelectorError           a selector that cannot be read: with the column, nothing was tried
├── UnknownError            a name that nothing has: with the nearest one, nothing was tried
├── UnusableError           a file, folder or URL that was given and cannot be used: nothing was tried
├── SecretError             a reference that cannot be resolved, a vault that cannot be opened
├── RefusedError            a guard, a gate, or a device changed since the plan: nothing was done
├── JournalError            the database of runs cannot be opened, read or written
├── UnknownFormError        what was kept is of a later version, or is nothing that was kept
├── BackupError             the repository of backups cannot be opened, read or written
├── ScheduleError           systemd does not do what it is asked, or cannot be asked
├── UntoldError             somebody who is to be told of an audit could not be
├── LabError                the twin cannot be built, found or entered
│   └── LabUsageError       what was asked of it is nothing that a twin has or does: nothing was tried
└── DeviceError             one device, with its name
    ├── UnreachableError    no session: refused, timed out, no route
    ├── CredentialsError    the device refused our key or password
    ├── HostKeyError        the device is not who it was
    ├── SessionLostError    a session was cut under way
    ├── RejectedError       the device refused the candidate: old configuration kept
    ├── NoSpaceError        the device's disk is full: nothing was touched
    ├── BusyError           another commit is pending, or another run holds the device
    ├── NotBegunError       its turn came once the run was to stop: nothing was touched
    └── NotRestoredError    a restore failed: the device needs a hand. Loud
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class InfraCtlError(Exception):
    """Root of all; its text is one line that a person can act on."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one place of the inventory.

    `column` counts characters in YAML and fields in CSV, from 1; 0 where a whole line or file is meant.
    """

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class InventoryError(InfraCtlError):
    """The inventory cannot be used; `problems` holds all that was found, sorted by place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SelectorError(InfraCtlError):
    """A selector cannot be read; the text says at which column (from 1) and why."""

    def __init__(self, column: int, message: str) -> None:
        self.column = column
        super().__init__(f"selector, column {column}: {message}")


class UnknownError(InfraCtlError):
    """A name that nothing has."""


class UnusableError(InfraCtlError):
    """A file, a folder or a URL that was given cannot be used for what it is to be."""


class SecretError(InfraCtlError):
    """A secret cannot be had; the text names the reference, never a value."""


class RefusedError(InfraCtlError):
    """A guard said no before anything was touched."""


class JournalError(InfraCtlError):
    """The database of runs cannot be opened, read or written."""


class UnknownFormError(InfraCtlError):
    """What was kept is of a later version, or is nothing that was kept."""


class BackupError(InfraCtlError):
    """The repository of backups cannot be opened, read or written."""


class ScheduleError(InfraCtlError):
    """What calls us by the clock could not be started or stopped."""


class UntoldError(InfraCtlError):
    """Somebody who is to be told of an audit could not be; the text quotes no address."""


class LabError(InfraCtlError):
    """The twin cannot be built, found or entered."""


class LabUsageError(LabError):
    """What was asked of a twin is nothing that it has or does; nothing was tried."""


class DeviceError(InfraCtlError):
    """Something that happened to one device."""

    def __init__(self, device: str, cause: str) -> None:
        self.device = device
        self.cause = cause
        super().__init__(f"{device}: {cause}")


class UnreachableError(DeviceError):
    """No session could be had."""


class CredentialsError(DeviceError):
    """The device refused our key or password."""


class HostKeyError(DeviceError):
    """The device's host key is unknown or is not the one that was pinned."""


class SessionLostError(DeviceError):
    """The session was cut under way; what the device did is to be read from the device."""


class RejectedError(DeviceError):
    """The device refused the candidate and keeps its old configuration."""


class NoSpaceError(DeviceError):
    """The device has no room to save what it needs for a way back; nothing was touched."""


class BusyError(DeviceError):
    """Another commit is pending on the device, or another run holds it."""


class NotBegunError(DeviceError):
    """Its turn came only once nothing more was to be begun."""


class NotRestoredError(DeviceError):
    """The way back failed; a person must look at the device."""
