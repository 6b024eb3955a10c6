"""The ConfigDriver of an FRR router."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from infra_ctl.drivers.base import DeviceState, Pending, Ping, Reading
from infra_ctl.drivers.command import CommandRunner
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.frr import deadman, router
from infra_ctl.drivers.frr.shell import STATE, Shell


class FrrConfigDriver:
    """A session with one FRR router, over whatever runs commands there: see ConfigDriver for its promises."""

    def __init__(
        self, device: str, connect: Callable[[], CommandRunner], *, sudo: bool = False, state: str = STATE
    ) -> None:
        self._device = device
        self._connect = connect
        self._sudo = sudo
        self._state = state
        self._shell: Shell | None = None

    @classmethod
    def over_ssh(cls, connection: Connection) -> Self:
        """The usual one."""

        def connect() -> CommandRunner:
            from infra_ctl.drivers.ssh import SshRunner

            return SshRunner.connect(connection)

        return cls(connection.device, connect, sudo=connection.sudo)

    def __enter__(self) -> Self:
        self._shell = Shell(self._device, self._connect(), self._sudo, self._state)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._shell is not None:
            self._shell.runner.close()
            self._shell = None

    @property
    def _session(self) -> Shell:
        if self._shell is None:
            raise RuntimeError(f"the session with {self._device} is not open: use the driver with `with`")
        return self._shell

    def read(self) -> str:
        return router.running(self._session)

    def reading(self) -> Reading:
        return deadman.reading(self._session)

    def stage(self, candidate: str) -> str:
        return router.compare(self._session, candidate)

    def lease(self, owner: str, token: str, seconds: int) -> int:
        return deadman.lease(self._session, owner, token, seconds)

    def release(self, token: str) -> None:
        deadman.release(self._session, token)

    def apply(
        self, candidate: str, *, base: str, revert_in: int, token: str, fence: int | None = None
    ) -> None:
        deadman.commit(self._session, candidate, base=base, revert_in=revert_in, token=token, fence=fence)

    def confirm(self, token: str) -> None:
        deadman.confirm(self._session, token)

    def restore(self, token: str) -> None:
        deadman.restore(self._session, token)

    def pending(self) -> Pending | None:
        return deadman.pending(self._session)

    def state(self, *, routes: bool = False, timeout: float = 60.0) -> DeviceState:
        return router.sweep(self._session, routes=routes, timeout=timeout)

    def ping(self, questions: Sequence[Ping]) -> tuple[bool, ...]:
        return router.ping(self._session, questions)
