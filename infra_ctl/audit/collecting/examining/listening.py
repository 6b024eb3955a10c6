"""What listens for others, and whether anybody asked for it: `ss` beside intent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.seen import Facts, Seen, one, shown
from infra_ctl.controls.exhibit import Fact, Line

_SOCKET = re.compile(
    r"^(?P<protocol>tcp|udp)\s+(?:LISTEN|UNCONN)\s+\d+\s+\d+\s+(?P<address>\S+):(?P<port>\d+|\*)\s+\S+"
    r"(?:\s+users:\(\(\"(?P<program>[^\"]+)\")?"
)
_HERE = re.compile(r"^(127\.|\[::1\]|\[::ffff:127\.)|%lo$")
_HIGH = 32768
"""From here on, ports that the kernel gives to who asks others."""

CLEAR = {
    ("tcp", 21): "ftp",
    ("tcp", 23): "telnet",
    ("tcp", 512): "rexec",
    ("tcp", 513): "rlogin",
    ("tcp", 514): "rsh",
    ("udp", 69): "tftp",
}
"""Services in clear, by where they listen."""
_CLEAR_PROGRAMS = re.compile(
    r"^(in\.)?(telnetd|tftpd|ftpd|rlogind|rshd|rexecd|fingerd)$|^(vsftpd|proftpd|pure-ftpd|utelnetd|atftpd|miniserv\.pl)$"
)
_SYSLOG = re.compile(r"syslog")
_WEB = {("tcp", 80), ("tcp", 8000), ("tcp", 8080)}
"""Where a router that listens does so to be administered."""


class Socket(NamedTuple):
    """One that takes requests."""

    protocol: str
    port: int
    program: str
    line: Line

    @property
    def value(self) -> str:
        return f"{self.protocol}/{self.port} {self.program or '?'}"


def sockets(seen: Seen) -> Iterator[Socket]:
    """Those that others can reach, each protocol, port and program once."""
    known: dict[str, Socket] = {}
    for found, line in seen.matches(seen.lines("ss"), _SOCKET.pattern):
        if found["port"] != "*" and not _HERE.search(found["address"]):
            each = Socket(found["protocol"], int(found["port"]), found["program"] or "", line)
            known.setdefault(each.value, each)
    yield from known.values()


def insecure(seen: Seen) -> Facts:
    """By program, or by port: whoever takes logs at 514 is no rsh."""
    return tuple(Fact(each.value, shown(each.line)) for each in sockets(seen) if _is_clear(seen, each))


def _is_clear(seen: Seen, socket: Socket) -> bool:
    where = (socket.protocol, socket.port)
    if _CLEAR_PROGRAMS.match(socket.program):
        return True
    if where in CLEAR:
        return not _SYSLOG.search(socket.program)
    return seen.meant.is_router and where in _WEB


def undeclared(seen: Seen) -> Facts:
    """Beside what intent lets in, a program that does listen there may use high UDP ports to ask others."""
    every = [*sockets(seen)]
    declared = {each.program for each in every if (each.protocol, each.port) in seen.meant.listens}
    return tuple(
        Fact(each.value, shown(each.line))
        for each in every
        if (each.protocol, each.port) not in seen.meant.listens
        and not (each.protocol == "udp" and each.port >= _HIGH and each.program in declared)
    )


def open_ways(seen: Seen) -> Facts:
    """Terminals that log in by themselves, accounts without a password, FRR's vty without one."""
    return tuple({fact.value: fact for fact in _open_ways(seen)}.values())


_AUTOLOGIN = (
    r"\b(?:a|min|m)?getty\b.*\s(--autologin|-a\s|--skip-login|-n\s)"
    r"|:(respawn|askfirst):(-?/bin/(a|ba|da)?sh)\b"
)


def _open_ways(seen: Seen) -> Iterator[Fact]:
    for _, line in seen.matches((*seen.lines("ps"), *seen.lines("vty")), _AUTOLOGIN):
        yield Fact("console", shown(Line(line.document, line.number, line.text)))
    for line in seen.lines("accounts"):
        if " password=none " in line.text:
            yield Fact("console", shown(line))
    bare = next((line for _, line in seen.matches(seen.lines("vty"), r"^\s*no login\b")), None)
    for each in sockets(seen):
        if bare is not None and each.protocol == "tcp" and 2600 <= each.port < 2700:
            yield Fact(f"tcp/{each.port}", shown(each.line))


def virtual(seen: Seen) -> Facts:
    """systemd-detect-virt knows containers, too."""
    if not (lines := seen.lines("virtual")):
        raise UnansweredError("virtual: systemd-detect-virt is not installed")
    return one(lines[0].text.strip() != "none", lines[0])


def tls(seen: Seen) -> Facts:
    """The oldest version that each service took when it was asked."""
    if seen.is_absent("tls"):
        raise UnansweredError("tls: openssl is not installed")
    return tuple(Fact(line.text.split()[2], shown(line)) for line in seen.lines("tls"))
