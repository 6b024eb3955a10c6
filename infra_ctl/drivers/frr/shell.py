"""A shell on one FRR router: every command of the driver goes through here, as root or by `sudo -n`."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from infra_ctl.drivers.command import CommandRunner, Completed
from infra_ctl.errors import CredentialsError, DeviceError

STATE = "/var/lib/infra-ctl"
"""Folder on the device in which the dead-man timer keeps what it needs."""

VTYSH = "VTYSH_HISTFILE=/dev/null vtysh"
"""vtysh writes its `-c` commands into the home directory; what we ask is nobody's history."""


@dataclass(frozen=True, slots=True)
class Shell:
    """An open session with a router, and how to become root there."""

    device: str
    runner: CommandRunner
    sudo: bool = False
    state: str = STATE

    def run(self, script: str, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        """Run POSIX shell text as root; `timeout` in seconds. Raises CredentialsError when sudo refuses."""
        command = f"sudo -n /bin/sh -c {quote(script)}" if self.sudo else script
        done = self.runner.run(command, stdin, timeout)
        if self.sudo and done.rc == 1 and done.stderr.startswith(b"sudo: "):
            raise CredentialsError(self.device, said(done.stderr))
        return done

    def text(self, script: str, stdin: bytes = b"", timeout: float = 60.0) -> str:
        """What a command prints that must succeed. Raises DeviceError with what it said when it does not."""
        done = self.run(script, stdin, timeout)
        if done.rc != 0:
            reason = said(done.stderr) or said(done.stdout) or f"ended with {done.rc}"
            raise DeviceError(self.device, f"`{script}`: {reason}")
        return decoded(done.stdout)


def vtysh(*commands: str, echo: bool = False) -> str:
    """The command line that gives `commands` to FRR; with `echo` each answer follows its command."""
    return " ".join([VTYSH, *(["-E"] if echo else []), *(f"-c {quote(command)}" for command in commands)])


def decoded(output: bytes) -> str:
    """Text that encodes back to the very same bytes, whatever an operator once typed into a description."""
    return output.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes of a text from `decoded`, or of any other."""
    return text.encode("utf-8", "surrogateescape")


def said(output: bytes) -> str:
    """What a command said, without the blank lines and on one line."""
    return "; ".join(line.strip() for line in decoded(output).splitlines() if line.strip())
