"""A router's front door: who is let in, what becomes of a command that comes in, and of what it writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from infra_ctl.lab import faults
from infra_ctl.lab.state import Fault as Broken
from tests.lab.city_slice import CitySlice, until

STATE = "/var/lib/infra-ctl"
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
KEYS = "/root/.ssh/authorized_keys"

MET = "tmp/met"
"""There once something became of a command."""

SLOW = """\
mkdir -p /tmp/met
begun=$(date +%s%N)
/bin/sh -c "$SSH_ORIGINAL_COMMAND"
code=$?
more=$((($(date +%s%N) - begun) / 1000000 * 9))
sleep $((more / 1000)).$(printf %03d $((more % 1000)))
exit $code
"""
"""Each answer takes ten times as long."""

_ONCE = """\
case $SSH_ORIGINAL_COMMAND in
*' confirm '*) if mkdir /tmp/met 2>/dev/null; then {instead}; fi ;;
esac
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""

CONFIRM: Mapping[str, str] = {
    "its question": _ONCE.format(instead="kill -9 $PPID; exit"),
    "its answer": _ONCE.format(instead='/bin/sh -c "$SSH_ORIGINAL_COMMAND" >/dev/null; kill -9 $PPID; exit'),
    "until too late": _ONCE.format(instead="sleep 12"),
}
"""What gets lost of a confirmation, or how late it comes; the next one is heard."""


@contextmanager
def _keys(city: CitySlice, hostname: str, script: str, text: str = "") -> Iterator[None]:
    """A script changes who is let in, and how; in the end it is the controller again, without more ado."""
    city.on(hostname, "sh", "-c", script, text=text)
    try:
        yield
    finally:
        ours = (city.lab.keys / "controller.pub").read_text()
        city.on(hostname, "sh", "-c", f"cat >{KEYS}", text=ours)


def kept(city: CitySlice, hostname: str, script: str) -> AbstractContextManager[None]:
    """Every command of ours goes through `script`, which finds it in SSH_ORIGINAL_COMMAND."""
    put = "rm -rf /tmp/met; cat >/root/door; chmod 700 /root/door"
    put += f"; sed -i 's|^|command=\"/root/door\" |' {KEYS}"
    return _keys(city, hostname, put, f"#!/bin/sh\n{script}")


def strange_key(city: CitySlice, hostname: str) -> AbstractContextManager[None]:
    """It lets in somebody else."""
    return _keys(city, hostname, f"ssh-keygen -y -f {HOST_KEY} >{KEYS}")


@contextmanager
def other_host_key(city: CitySlice, hostname: str) -> Iterator[None]:
    """As of a router that was swapped, or somebody in the middle."""
    again = "kill -HUP $(cat /run/sshd.pid)"
    city.on(
        hostname,
        "sh",
        "-c",
        f"mv {HOST_KEY} /tmp/key; ssh-keygen -q -t ed25519 -N '' -f {HOST_KEY} && {again}",
    )
    try:
        yield
    finally:
        city.on(hostname, "sh", "-c", f"mv /tmp/key {HOST_KEY} && {again}")


@contextmanager
def switched_off(city: CitySlice, hostname: str) -> Iterator[None]:
    """It has no power."""
    faults.break_(city.lab.root, Broken("off", hostname))
    try:
        yield
    finally:
        faults.heal(city.lab.root, hostname)


@contextmanager
def small_disk(city: CitySlice, hostname: str, folder: str) -> Iterator[None]:
    """A folder is on a disk of its own, which has room for what it holds and little more."""
    copied = f"rm -rf /tmp/kept && cp -a {folder} /tmp/kept"
    mounted = f"mount -t tmpfs -o size=128k,mode=755 tmpfs {folder} && cp -a /tmp/kept/. {folder}"
    city.on(hostname, "sh", "-c", f"{copied} && {mounted}")
    try:
        yield
    finally:
        kept = f"{copied} && umount -l {folder}"
        back = f"find {folder} -mindepth 1 -delete && cp -a /tmp/kept/. {folder}"
        city.on(hostname, "sh", "-c", f"{kept} && {back}")


@contextmanager
def filled(city: CitySlice, hostname: str, folder: str) -> Iterator[None]:
    """There is not a byte left on that disk, until no timer ticks any more."""
    city.on(hostname, "sh", "-c", f"! cat /dev/zero >{folder}/fill 2>/dev/null")
    try:
        yield
        until(lambda: "pending" not in city.on(hostname, "ls", STATE))
    finally:
        city.on(hostname, "rm", "-f", f"{folder}/fill")


@contextmanager
def full_disk(city: CitySlice, hostname: str, folder: str) -> Iterator[None]:
    """Both at once."""
    with small_disk(city, hostname, folder), filled(city, hostname, folder):
        yield
