"""An open session with one host: pyinfra's Host and SSH connector, with facts that are kept.

pyinfra asks a host for every fact of every operation by a command of its own, and again when it carries them
out. Here all facts that a list of operations will want are gathered in one round trip, and count until
something was changed. What they mean is pyinfra's.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

import gevent
import paramiko
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.facts import FactBase, ShortFactBase
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.sshuserclient import SSHClient
from pyinfra.connectors.util import CommandOutput
from pyinfra.facts.server import Users

from infra_ctl.errors import CredentialsError, DeviceError, HostKeyError, SessionLostError, UnreachableError
from infra_ctl.hosts.cause import telling
from infra_ctl.hosts.protocol import Way

KEEPALIVE = 10
"""Seconds without traffic after which something is sent, so that a dead path is noticed."""

UNACKNOWLEDGED = 30
"""Seconds after which the kernel gives up a session whose data nobody acknowledges (RFC 5482)."""

PATIENCE = 60.0
"""Seconds that reading from a host may take."""

FRESH = 120.0
"""Seconds for which facts count."""

HARMLESS = "sudo: unable to resolve host "
"""What sudo says first where a host does not know its own name, and then does what it was told."""

LOST = (OSError, EOFError, paramiko.SSHException)
"""What the library raises where a session is no more."""


@dataclass(frozen=True, slots=True)
class Said:
    """A command that ended: its exit code, and what it said."""

    rc: int
    stdout: str
    stderr: str


class Connector(SSHConnector):
    """pyinfra's SSH with pinned host keys only, our words for what fails, and root's shell beside it."""

    error = ""
    """Why the last command of an operation has no exit code."""
    deadline = 0.0
    """By the monotonic clock: when the commands of an operation must have ended."""

    @property
    def way(self) -> Way:
        """How to get in."""
        way: Way = self.host.way
        return way

    def connect(self) -> None:
        """Open a session. Raises UnreachableError, CredentialsError, HostKeyError."""
        self.client = self.dialled()

    def dialled(self) -> SSHClient:
        """A new session, beside the one that there may be."""
        way = self.way
        if way.key_file and not Path(way.key_file).is_file():
            raise CredentialsError(way.part, f"there is no key file {way.key_file}")
        client = SSHClient()
        try:
            parameters = self.make_paramiko_kwargs()
            client.connect(parameters.pop("hostname"), sock=_tcp(way), **parameters)
        except (*LOST, PyinfraError) as error:
            client.close()
            raise _connect_error(way, error) from error
        _transport(client).set_keepalive(KEEPALIVE)
        return client

    def is_alive(self) -> bool:
        """Whether the next command has a session to go over."""
        try:
            return _transport(self.client).is_active()
        except EOFError:
            return False

    def as_root(self, script: str, stdin: str = "", timeout: float = PATIENCE) -> Said:
        """Run POSIX shell text as root. Raises SessionLostError, CredentialsError where sudo refuses."""
        return run_as_root(self.client, self.way, script, stdin, timeout)

    def cut(self) -> None:
        """End the session so that nothing which is still on its way to the host arrives there later."""
        if self.client is not None:
            with contextlib.suppress(OSError, EOFError):
                tcp = _transport(self.client).sock
                if isinstance(tcp, socket.socket):
                    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.client.close()

    def run_shell_command(self, *args: Any, **arguments: Any) -> tuple[bool, CommandOutput]:
        """As pyinfra's, until the deadline; why there is no answer is kept in `error`."""
        self.error = ""
        try:
            arguments["_timeout"] = left = self._left()
            vars(_transport(self.client))["channel_timeout"] = left  # it would wait an hour for a channel
            ran: tuple[bool, CommandOutput] = super().run_shell_command(*args, **arguments)
        except EOFError as error:  # it would ask a person for sudo's password
            self.error = "sudo refused: a password is required"
            raise OSError(self.error) from error
        except LOST as error:
            self.error = _words(error)
            raise
        return ran

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time was up")
        return left


def run_as_root(client: SSHClient | None, way: Way, script: str, stdin: str, timeout: float) -> Said:
    """See Connector.as_root."""
    command = f"{'sudo -n ' if way.sudo else ''}/bin/sh -c {quote(script)}"
    try:
        with gevent.Timeout(timeout, TimeoutError(f"no answer within {timeout:.0f} s")):
            said = _exchanged(_transport(client).open_session(timeout=timeout), command, stdin)
    except LOST as error:
        raise SessionLostError(way.part, _words(error)) from error
    if said.rc == -1:
        raise SessionLostError(way.part, "the session was cut")
    complaints = [each for each in said.stderr.splitlines() if not each.startswith(HARMLESS)]
    if way.sudo and said.rc == 1 and complaints and complaints[0].startswith("sudo: "):
        raise CredentialsError(way.part, f"sudo refused: {complaints[0].removeprefix('sudo: ')}")
    return said


def _exchanged(channel: paramiko.Channel, command: str, stdin: str) -> Said:
    with channel:
        channel.exec_command(command)
        try:
            channel.sendall(stdin.encode())
            channel.shutdown_write()
        except OSError:  # it may have ended without reading it all
            if not channel.exit_status_ready():
                raise
        stdout = channel.makefile("rb").read().decode(errors="replace")
        stderr = channel.makefile_stderr("rb").read().decode(errors="replace")
        return Said(channel.recv_exit_status(), stdout, stderr)


def _transport(client: SSHClient | None) -> paramiko.Transport:
    transport: paramiko.Transport | None = client.get_transport() if client else None
    if transport is None:
        raise EOFError("the connection is closed")
    return transport


def _tcp(way: Way) -> socket.socket:
    """A connection with the first of a host's addresses that answers. Raises what its first one said."""
    errors: list[OSError] = []
    for address in (way.address, *way.others):
        try:
            tcp = socket.create_connection((address, way.port), way.timeout)
        except OSError as error:
            errors.append(error)
            continue
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED * 1000)
        return tcp
    raise errors[0]  # the others may only say that nobody here has their family


def _connect_error(way: Way, error: Exception) -> DeviceError:
    """What a failure to connect means."""
    if isinstance(error, paramiko.BadHostKeyException):
        seen = f"{error.key.get_name()} host key {error.key.fingerprint}"
        return HostKeyError(way.part, f"its {seen} is not the one that is pinned")
    if isinstance(error, paramiko.AuthenticationException):
        return CredentialsError(way.part, f"refused our credentials: {_words(error)}")
    if "StrictPolicy" in str(error):
        return HostKeyError(way.part, f"no host key of {way.address} is pinned in {way.known_hosts}")
    if isinstance(error, PyinfraError):
        return CredentialsError(way.part, f"cannot read the key file {way.key_file}: {error}")
    return UnreachableError(way.part, _words(error))


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    return str(error) or type(error).__name__


@dataclass(frozen=True, slots=True)
class Asked:
    """A fact of a host that is wanted: a class of pyinfra's, and what it is asked for."""

    fact: type[FactBase[Any]]
    arguments: tuple[tuple[str, Any], ...] = ()

    @property
    def key(self) -> str:
        """What two that ask for the same have in common."""
        return f"{self.fact.__name__}{sorted(self.arguments)!r}"


def asked(fact: type[FactBase[Any]], **arguments: Any) -> Asked:
    """A fact with what it is asked for."""
    return Asked(fact, tuple(arguments.items()))


@dataclass(slots=True)
class Kept:
    """Facts of a host, by what was asked; `wanted` come with the next that is missing."""

    values: dict[str, Any] = field(default_factory=dict)
    wanted: tuple[Asked, ...] = ()
    since: float = 0.0

    def forget(self, containing: str = "") -> None:
        """All, or those in whose question a text stands."""
        self.values = {key: each for key, each in self.values.items() if containing and containing not in key}

    def forget_old(self) -> None:
        """All, where they were gathered too long ago."""
        if time.monotonic() - self.since > FRESH:
            self.forget()


class QuickUsers(Users):
    """pyinfra's fact by one command: its own takes two hundred, and asks when each account last logged in."""

    def command(self) -> str:
        """The same lines."""
        return f"awk -F: {quote(ACCOUNTS)} /etc/group /etc/shadow /etc/passwd"


ACCOUNTS = """
FILENAME == "/etc/group" {
    name[$3] = $1
    count = split($4, members, ",")
    for (i = 1; i <= count; i++) more[members[i]] = more[members[i]] " " $1
    next
}
FILENAME == "/etc/shadow" { password[$1] = $2; next }
{ print $0 "|" name[$4] "|" name[$4] more[$1] "||" password[$1] }
"""

INSTEAD: Mapping[type[FactBase[Any]], type[FactBase[Any]]] = {Users: QuickUsers}
"""Facts that are had otherwise."""


class LinuxHost(Host):
    """pyinfra's host whose facts are kept."""

    connector: Connector

    def __init__(self, way: Way, inventory: Inventory) -> None:
        super().__init__(way.part, inventory, (), Connector)
        self.way = way
        self.facts = Kept()

    def get_fact(self, name_or_cls: Any, *args: Any, **kwargs: Any) -> Any:
        """As pyinfra's, from what is kept; what is not there comes with all that is wanted."""
        if args or issubclass(name_or_cls, ShortFactBase) or any(key.startswith("_") for key in kwargs):
            return super().get_fact(name_or_cls, *args, **kwargs)
        one = asked(name_or_cls, **kwargs)
        if one.key not in self.facts.values:
            self.gather((one, *self.facts.wanted))
        return self.facts.values[one.key]

    def gather(self, wanted: Iterable[Asked]) -> None:
        """Ask the host for facts that are not kept, all in one round trip. Raises DeviceError."""
        missing = {each.key: each for each in wanted if each.key not in self.facts.values}
        if not missing:
            return
        if not self.facts.values:
            self.facts.since = time.monotonic()
        self.facts.values |= self._gathered(missing)

    def _gathered(self, missing: Mapping[str, Asked]) -> Iterator[tuple[str, Any]]:
        facts = {key: INSTEAD.get(each.fact, each.fact)() for key, each in missing.items()}
        commands = [_command(facts[key], dict(each.arguments)) for key, each in missing.items()]
        mark = secrets.token_hex(8)
        said = self.connector.as_root("exec /bin/sh -s", _script(commands, mark))
        answers = list(_answers(said, mark))
        if len(answers) != len(facts):
            raise DeviceError(self.name, f"cannot read its facts: {telling(said.stderr.splitlines())}")
        for (key, fact), answer in zip(facts.items(), answers, strict=True):
            yield key, self._meaning(fact, answer)

    def _meaning(self, fact: FactBase[Any], answer: Said) -> Any:
        if answer.rc != 0:
            cause = telling(answer.stderr.splitlines()) or f"ended with {answer.rc}"
            raise DeviceError(self.name, f"cannot read its {fact.name}: {cause}")
        lines = answer.stdout.split("\n")
        if lines[-1] == "":
            lines.pop()
        return fact.process(lines) if lines else fact.default()


def _command(fact: FactBase[Any], arguments: dict[str, Any]) -> str:
    """The shell text of a fact. Where the command that it requires is not there, it says nothing."""
    command = _text(fact.command, arguments)
    required = _text(fact.requires_command, arguments)
    return f"command -v {required} >/dev/null 2>&1 || exit 0\n{command}" if required else command


def _text(attribute: Any, arguments: dict[str, Any]) -> str:
    made = attribute(**arguments) if callable(attribute) else attribute
    return made if isinstance(made, str) else made.get_raw_value() if made else ""


def _script(commands: Iterable[str], mark: str) -> str:
    """Runs one after the other, and says between marks what each of them did."""
    blocks = (
        f"(\n{command}\n) </dev/null\nprintf '\\n{mark} %s\\n' $?; printf '\\n{mark}\\n' >&2\n"
        for command in commands
    )
    return "".join(blocks)


def _answers(said: Said, mark: str) -> Iterator[Said]:
    stdout, stderr = said.stdout.split(f"\n{mark} "), said.stderr.split(f"\n{mark}\n")
    before = stdout[0]
    for after, complaint in zip(stdout[1:], stderr, strict=False):
        code, _, rest = after.partition("\n")
        yield Said(int(code), before, complaint)
        before = rest


def host_data(way: Way) -> dict[str, Any]:
    """What pyinfra is told of a host: a key and pinned host keys, no agent, no configuration of ssh(1)."""
    return {
        "ssh_hostname": way.address,
        "ssh_port": way.port,
        "ssh_user": way.username,
        "ssh_key": way.key_file,
        "ssh_key_password": way.password if way.key_file else "",
        "ssh_password": "" if way.key_file else way.password,
        "ssh_allow_agent": False,
        "ssh_look_for_keys": False,
        "ssh_known_hosts_file": way.known_hosts,
        "ssh_strict_host_key_checking": "yes",
        "ssh_config_file": os.devnull,
        "ssh_paramiko_connect_kwargs": {"banner_timeout": way.timeout, "auth_timeout": way.timeout},
        "_sudo": way.sudo,
    }
