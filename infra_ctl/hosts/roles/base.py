"""What every host has first: accounts, sudo, sshd, the kernel's settings, who resolves names."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Packages, Run, Service, User
from infra_ctl.intent.host import HostIntent
from infra_ctl.intent.openings import DNS
from infra_ctl.inventory.models import HOST_ACCOUNT
from infra_ctl.render import host_text

SHELL = "/bin/bash"
SYSCTL = "/etc/sysctl.d/60-infra-ctl.conf"


def base(host: HostIntent) -> tuple[Operation, ...]:
    """What can lock us out is on trial first: sudo, then sshd."""
    logins = [HOST_ACCOUNT, *(each.name for each in host.administrators)]
    return (
        Packages(id="base/packages", names=("ca-certificates", "openssh-server", "openssl", "sudo")),
        *(
            User(id=f"base/user-{each.name}", name=each.name, shell=SHELL, keys=each.keys)
            for each in host.administrators
        ),
        File(
            id="base/sudo",
            path="/etc/sudoers.d/infra-ctl",
            text=host_text("sudoers", host, logins=logins),
            mode="440",
            validate_by="visudo -cqf {}",
            guarded=True,
        ),
        File(
            id="base/sshd",
            path="/etc/ssh/sshd_config.d/00-infra-ctl.conf",
            text=host_text("sshd.conf", host, logins=logins),
            validate_by="sshd -t -f {}",
            guarded=True,
        ),
        Service(id="base/ssh", unit="ssh", reload_after=("base/sshd",), test="sshd -t", guarded=True),
        File(id="base/sysctl", path=SYSCTL, text=host_text("sysctl.conf", host)),
        Run(id="base/sysctl-load", command=f"sysctl -q -p {SYSCTL}", after=("base/sysctl",)),
        *(() if DNS in host.roles else (resolv_conf(host, "base", [str(each) for each in host.dns]),)),
    )


def resolv_conf(host: HostIntent, role: str, servers: list[str]) -> File:
    """Who resolves names for the host itself."""
    text = host_text("resolv.conf", host, servers=servers)
    return File(id=f"{role}/resolv-conf", path="/etc/resolv.conf", text=text)
