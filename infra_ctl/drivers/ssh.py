"""Commands over SSH: netmiko's parameters and client, but a channel a command instead of a terminal.

A terminal would cost a shell, a prompt to wait for and output to clean; FRR is asked through vtysh, which
needs none of that. Host keys are always checked; there is no agent and no looking for keys.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from typing import Any, Self

import paramiko
from netmiko import BaseConnection

from infra_ctl.drivers.command import Completed
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.dialling import dial
from infra_ctl.drivers.known_hosts import known_as, pinned_keys
from infra_ctl.errors import CredentialsError, DeviceError, HostKeyError, SessionLostError, UnreachableError

KEEPALIVE = 10
"""Seconds without traffic after which something is sent, so that a dead path is noticed."""

REST = 2.0
"""Seconds that a session's thread sleeps while nothing comes. By itself paramiko wakes it ten times a second,
which costs a session that is kept more CPU than its readings do."""

UNACKNOWLEDGED = 30
"""Seconds after which the kernel gives up a session whose data nobody acknowledges (RFC 5482)."""


CHUNK = 65536

# What paramiko would otherwise print of a failure to standard error, we raise.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class ExecOnlyConnection(BaseConnection):
    """A netmiko connection that is authenticated and opens no terminal; `pins` are the host's known keys."""

    def __init__(self, pins: Sequence[paramiko.PKey], *, compress: bool = False, **parameters: Any) -> None:
        self._pins, self._compress = pins, compress
        super().__init__(ssh_strict=True, allow_agent=False, use_keys=False, **parameters)

    def _open(self) -> None:
        self.remote_conn_pre = self._build_ssh_client()
        try:
            self.remote_conn_pre.connect(**self._connect_params_dict(), compress=self._compress)
        except Exception:
            self.paramiko_cleanup()
            raise
        self.transport.set_keepalive(KEEPALIVE)
        self.transport.sock.settimeout(REST)

    def _build_ssh_client(self) -> paramiko.SSHClient:
        client = super()._build_ssh_client()
        name = known_as(self.host, self.port)
        for pin in self._pins:
            client.get_host_keys().add(name, pin.get_name(), pin)
        return client

    @property
    def transport(self) -> paramiko.Transport:
        """The authenticated transport, of which every command takes a channel."""
        transport = self.remote_conn_pre.get_transport() if self.remote_conn_pre else None
        if transport is None:
            raise EOFError("the connection is closed")
        return transport


class SshRunner:
    """An open SSH session with one device: a CommandRunner."""

    def __init__(self, device: str, connection: ExecOnlyConnection) -> None:
        self._device = device
        self._connection = connection

    @classmethod
    def connect(cls, connection: Connection) -> Self:
        """Open a session. Raises UnreachableError, CredentialsError, HostKeyError."""
        pins = pinned_keys(connection)
        if connection.key_file is not None and not connection.key_file.is_file():
            raise CredentialsError(connection.device, f"there is no key file {connection.key_file}")
        try:
            return cls(connection.device, _authenticated(connection, pins))
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise connect_error(connection.device, error) from error

    def run(self, command: str, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        deadline = time.monotonic() + timeout
        try:
            with closing(self._connection.transport.open_session(timeout=timeout)) as channel:
                channel.exec_command(command)
                _send(channel, stdin, deadline)
                stdout = b"".join(_received(channel, channel.recv, deadline))
                stderr = b"".join(_received(channel, channel.recv_stderr, deadline))
                return Completed(_exit_code(channel, deadline), stdout, stderr)
        except (paramiko.SSHException, OSError, EOFError) as error:
            reason = f"no answer within {timeout:.0f} s" if isinstance(error, TimeoutError) else _words(error)
            raise SessionLostError(self._device, reason) from error

    def is_alive(self) -> bool:
        try:
            return self._connection.transport.is_active()
        except EOFError:
            return False

    def close(self) -> None:
        with suppress(OSError, EOFError):  # the other end was quicker
            self._connection.transport.sock.shutdown(socket.SHUT_RDWR)  # wakes the session's thread
        self._connection.disconnect()


def offered_key(connection: Connection) -> paramiko.PKey:
    """The host key that a device shows, whatever is pinned; it is asked nothing else.

    Raises UnreachableError.
    """
    try:
        with closing(paramiko.Transport(_tcp(connection))) as transport:
            transport.start_client(timeout=connection.timeout)
            return transport.get_remote_server_key()
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise UnreachableError(connection.device, _words(error)) from error


def own_key(connection: Connection) -> str:
    """Fingerprint of the key that we come with; empty where there is none, or it cannot be read."""
    if connection.key_file is None:
        return ""
    try:
        found = paramiko.PKey.from_path(connection.key_file, connection.password.encode() or None)
        return str(found.fingerprint)
    except (paramiko.SSHException, OSError, ValueError, TypeError):
        return ""


def connect_error(device: str, error: Exception) -> DeviceError:
    """What a failure to connect means."""
    if isinstance(error, paramiko.BadHostKeyException):
        seen = f"{error.key.get_name()} host key {error.key.fingerprint}"
        return HostKeyError(device, f"its {seen} is not the one that is pinned")
    if isinstance(error, paramiko.AuthenticationException):
        return CredentialsError(device, f"refused our credentials: {_words(error)}")
    return UnreachableError(device, _words(error))


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _authenticated(connection: Connection, pins: Sequence[paramiko.PKey]) -> ExecOnlyConnection:
    key_file = connection.key_file
    return ExecOnlyConnection(
        pins,
        compress=connection.compress,
        device_type="linux",
        host=connection.address,
        port=connection.port,
        username=connection.username,
        key_file=str(key_file) if key_file else None,
        passphrase=connection.password or None if key_file else None,
        password=None if key_file else connection.password,
        conn_timeout=connection.timeout,
        auth_timeout=connection.timeout,
        banner_timeout=connection.timeout,
        sock=_tcp(connection),
    )


def _tcp(connection: Connection) -> socket.socket:
    tcp = dial((connection.address, *connection.others), connection.port, connection.timeout)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED * 1000)
    return tcp


def _send(channel: paramiko.Channel, stdin: bytes, deadline: float) -> None:
    """Give the command its input. One that ended without reading it all has answered by its exit code."""
    channel.settimeout(_left(deadline))
    try:
        channel.sendall(stdin)
        channel.shutdown_write()
    except OSError:
        if not channel.exit_status_ready():
            raise


def _received(channel: paramiko.Channel, receive: Callable[[int], bytes], deadline: float) -> Iterator[bytes]:
    while True:
        channel.settimeout(_left(deadline))
        received = receive(CHUNK)
        if not received:
            return
        yield received


def _exit_code(channel: paramiko.Channel, deadline: float) -> int:
    if not channel.status_event.wait(_left(deadline)):
        raise TimeoutError
    code = channel.recv_exit_status()
    if code == -1:
        raise EOFError("the session was cut")
    return code


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())
