"""A NAPALM driver for FRRouting: replace, merge, compare, confirmed commits, rollback and getters.

Other drivers' `revert_in` is the device's own; FRR has none, so this one brings a dead-man timer to it
(deadman.sh). Arguments beyond NAPALM's go through `optional_args`:

    known_hosts   file of pinned host keys; needed, there is no mode without
    key_file      private key; `password` is then its passphrase
    port          22
    sudo          True where the account is not root and may `sudo -n`
    device        name of the device in errors; the hostname
    runner        a CommandRunner to use instead of SSH
    state         folder on the device for the dead-man timer
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from napalm.base.base import NetworkDriver
from napalm.base.exceptions import (
    CommandErrorException,
    CommitConfirmException,
    CommitError,
    ConnectAuthError,
    ConnectionClosedException,
    ConnectionException,
    LockError,
    MergeConfigException,
    ReplaceConfigException,
)
from napalm.base.helpers import sanitize_configs

from infra_ctl.drivers.command import CommandRunner
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.frr import deadman, getters, router
from infra_ctl.drivers.frr.shell import STATE, Shell, decoded, vtysh
from infra_ctl.drivers.ssh import SshRunner
from infra_ctl.errors import (
    BusyError,
    CredentialsError,
    DeviceError,
    HostKeyError,
    NoSpaceError,
    NotBegunError,
    NotRestoredError,
    RejectedError,
    SessionLostError,
    UnreachableError,
)

OWN_SAFETY = 120
"""Seconds of the timer under a commit without `revert_in`, which is confirmed as soon as it is applied."""

NAPALM_ERRORS: dict[type[DeviceError], type[Exception]] = {
    UnreachableError: ConnectionException,
    CredentialsError: ConnectAuthError,
    HostKeyError: ConnectionException,
    SessionLostError: ConnectionClosedException,
    RejectedError: ReplaceConfigException,
    NoSpaceError: CommitError,
    BusyError: LockError,
    NotBegunError: CommitError,
    NotRestoredError: CommitError,
    DeviceError: CommandErrorException,
}


@contextmanager
def napalm_errors(rejected: type[Exception] = ReplaceConfigException) -> Iterator[None]:
    """Raise ours as NAPALM's, ours as their cause; `rejected` is what a refused candidate becomes."""
    try:
        yield
    except RejectedError as error:
        raise rejected(str(error)) from error
    except DeviceError as error:
        raise NAPALM_ERRORS[type(error)](str(error)) from error


class FRRDriver(NetworkDriver):  # type: ignore[misc] # napalm ships no types
    """See NetworkDriver for what each method promises; what FRR adds to it is said here."""

    platform = "frr"

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        self.hostname = hostname
        self.username = username
        self.password = password
        self.timeout = timeout
        self.optional_args = optional_args or {}
        self.profile = [self.platform]
        self._runner: CommandRunner | None = None
        self._candidate: str | None = None
        self._mode: Literal["replace", "merge"] = "replace"
        self._base: str | None = None
        """The running configuration that the last comparison was made with."""
        self._before: str | None = None
        """What the last commit of this session replaced."""

    def open(self) -> None:
        with napalm_errors():
            self._runner = self.optional_args.get("runner") or self._connected()

    def _connected(self) -> CommandRunner:
        options = self.optional_args
        if "known_hosts" not in options:
            raise HostKeyError(
                self.hostname, "optional_args has no known_hosts: host keys are always checked"
            )
        key_file = options.get("key_file")
        return SshRunner.connect(
            Connection(
                device=options.get("device", self.hostname),
                address=self.hostname,
                username=self.username,
                password=self.password or "",
                known_hosts=Path(options["known_hosts"]),
                key_file=Path(key_file) if key_file else None,
                port=int(options.get("port", 22)),
                timeout=self.timeout,
            )
        )

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def is_alive(self) -> dict[str, bool]:
        return {"is_alive": self._runner is not None and self._runner.is_alive()}

    def _shell(self) -> Shell:
        if self._runner is None:
            raise ConnectionClosedException(f"{self.hostname}: open() comes first")
        options = self.optional_args
        device = options.get("device", self.hostname)
        return Shell(device, self._runner, options.get("sudo", False), options.get("state", STATE))

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        self._load("replace", filename, config)

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        self._load("merge", filename, config)

    def _load(self, mode: Literal["replace", "merge"], filename: str | None, config: str | None) -> None:
        if filename is None and config is None:
            raise self._rejection(mode)(f"{self.hostname}: neither a file nor a configuration was given")
        self._candidate = Path(filename).read_text() if filename is not None else config
        self._mode = mode
        self._base = None

    @staticmethod
    def _rejection(mode: str) -> type[Exception]:
        rejected: type[Exception] = MergeConfigException if mode == "merge" else ReplaceConfigException
        return rejected

    def compare_config(self) -> str:
        """Lines that start with `+`, `-` or a blank; of a merge, what would be added."""
        if self._candidate is None:
            return ""
        with napalm_errors(self._rejection(self._mode)):
            self._base = router.running(self._shell())
            return router.compare(self._shell(), self._whole(self._base, self._candidate))

    def _whole(self, running: str, candidate: str) -> str:
        """The whole configuration that a candidate stands for."""
        if self._mode == "replace":
            return candidate
        return f"{running.rstrip().removesuffix('end')}\n{candidate}"

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Raises LockError when another commit is pending, or the device changed since `compare_config`."""
        if message:
            raise NotImplementedError("FRR keeps no message with a configuration")
        if self._candidate is None:
            raise CommitError(f"{self.hostname}: no candidate is loaded")
        with napalm_errors(self._rejection(self._mode)):
            base = self._base if self._base is not None else router.running(self._shell())
            self._commit(self._candidate, base, revert_in, self._mode)
        self._before = base
        self.discard_config()

    def _commit(
        self, candidate: str, base: str, revert_in: int | None, mode: Literal["replace", "merge"]
    ) -> None:
        token = deadman.new_token()
        seconds = OWN_SAFETY if revert_in is None else revert_in
        deadman.commit(self._shell(), candidate, base=base, revert_in=seconds, token=token, mode=mode)
        if revert_in is None:
            deadman.confirm(self._shell(), token)

    def confirm_commit(self) -> None:
        with napalm_errors():
            pending = deadman.pending(self._shell())
            if pending is None:
                raise CommitConfirmException(f"{self.hostname}: no commit is pending")
            deadman.confirm(self._shell(), pending.token)

    def has_pending_commit(self) -> bool:
        with napalm_errors():
            return deadman.pending(self._shell()) is not None

    def discard_config(self) -> None:
        self._candidate = None
        self._base = None

    def rollback(self) -> None:
        """Take back the pending commit; without one, put back what this session's last commit replaced."""
        with napalm_errors():
            pending = deadman.pending(self._shell())
            if pending is not None:
                deadman.restore(self._shell(), pending.token)
            elif self._before is not None:
                self._commit(self._before, router.running(self._shell()), None, "replace")
        self._before = None

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str | dict[str, Any]]:
        if encoding != "text":
            raise NotImplementedError("FRR answers in text; JSON is asked for in the command")
        return {command: self._ask(vtysh(command)) for command in commands}

    def _ask(self, script: str) -> str:
        with napalm_errors():
            return self._shell().text(script)

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,  # noqa: ARG002 # NAPALM's signature
        sanitized: bool = False,
        format: str = "text",  # noqa: A002 # NAPALM's name
    ) -> dict[str, str]:
        """`full` changes nothing: FRR shows no defaults."""
        if format != "text":
            raise NotImplementedError("FRR's configuration is text")
        configs = {
            "running": self._ask(router.RUNNING) if retrieve in ("all", "running") else "",
            "startup": self._ask(router.STARTUP) if retrieve in ("all", "startup") else "",
            "candidate": (self._candidate or "") if retrieve in ("all", "candidate") else "",
        }
        return sanitize_configs(configs, getters.SECRETS) if sanitized else configs

    def get_facts(self) -> dict[str, Any]:
        return getters.facts(self._ask(getters.FACTS))

    def get_interfaces(self) -> dict[str, dict[str, Any]]:
        return getters.interfaces(self._ask(getters.INTERFACES))

    def get_interfaces_ip(self) -> dict[str, dict[str, Any]]:
        return getters.interfaces_ip(self._ask(getters.INTERFACES))

    def get_interfaces_counters(self) -> dict[str, dict[str, int]]:
        return getters.interfaces_counters(self._ask(getters.COUNTERS))

    def get_bgp_neighbors(self) -> dict[str, dict[str, Any]]:
        return getters.bgp_neighbors(self._ask(getters.BGP))

    def get_route_to(
        self, destination: str = "", protocol: str = "", longer: bool = False
    ) -> dict[str, list[dict[str, Any]]]:
        return getters.routes(self._ask(getters.route_command(destination, longer=longer)), protocol)

    def ping(  # noqa: PLR0913, PLR0917 # NAPALM's signature
        self,
        destination: str,
        source: str = "",
        ttl: int = 255,
        timeout: int = 2,
        size: int = 100,
        count: int = 5,
        vrf: str = "",
        source_interface: str = "",
    ) -> dict[str, Any]:
        """NAPALM's ping: `timeout` in seconds, `size` in bytes of payload, times in ms. No VRF."""
        if vrf:
            raise NotImplementedError("ping in a VRF")
        command = getters.ping_command(
            destination, source or source_interface, ttl=ttl, timeout=timeout, size=size, count=count
        )
        with napalm_errors():
            done = self._shell().run(command, timeout=30.0 + count * timeout)
        return getters.ping(decoded(done.stdout), decoded(done.stderr))
