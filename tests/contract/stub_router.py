"""A router on this machine's disk: the real driver and the real deadman.sh, over a stub of FRR."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.drivers.command import LocalRunner
from infra_ctl.drivers.frr.config_driver import FrrConfigDriver
from infra_ctl.drivers.frr.shell import Shell

STUB = Path(__file__).with_name("stub_frr.py")

RUNNING = """\
frr version 8.4.4
frr defaults traditional
hostname stub
!
interface eth0
 description to the core
 ip address 10.1.0.1/31
 ip ospf message-digest-key 1 md5 hunter2
exit
!
interface lo
 ip address 10.0.0.1/32
exit
!
router bgp 65000
 neighbor 10.0.0.2 remote-as 65000
 !
 address-family ipv4 unicast
  neighbor 10.0.0.2 activate
 exit-address-family
exit
!
ip prefix-list CITY seq 5 permit 10.0.0.0/8 le 32
!
end
"""


@dataclass(frozen=True, slots=True)
class StubRouter:
    """Its folder is the device: `running`, `frr.conf`, `state` of the dead-man timer, `run`, `pids`."""

    folder: Path

    @classmethod
    def install(cls, folder: Path) -> StubRouter:
        for name in ("bin", "state", "pids"):
            (folder / name).mkdir()
        for program, path in (
            ("vtysh", "bin/vtysh"),
            ("ping", "bin/ping"),
            ("frr-reload.py", "frr-reload.py"),
        ):
            wrapper = folder / path
            wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {STUB} {program} "$@"\n')
            wrapper.chmod(0o755)
        (folder / "running").write_text(RUNNING)
        (folder / "frr.conf").write_text(RUNNING)
        (folder / "frr.conf").chmod(0o640)
        (folder / "vtysh.conf").write_text("service integrated-vtysh-config\n")
        (folder / "pids/zebra.pid").write_text("100\n")
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "STUB_FRR": str(self.folder),
            "FRR_STARTUP": str(self.folder / "frr.conf"),
            "FRR_VTYSH_CONF": str(self.folder / "vtysh.conf"),
            "FRR_RELOAD": str(self.folder / "frr-reload.py"),
            "FRR_RUN": str(self.folder / "pids"),
            "DEADMAN_WORK": str(self.folder / "run"),
            "DEADMAN_HOOK": str(self.folder / "hook"),
            "DEADMAN_PAUSE": "0",
        }

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def running(self) -> str:
        return (self.folder / "running").read_text()

    @property
    def startup(self) -> str:
        return (self.folder / "frr.conf").read_text()

    def runner(self) -> LocalRunner:
        return LocalRunner("stub", environment=self.environment)

    def shell(self) -> Shell:
        return Shell("stub", self.runner(), state=str(self.state))

    def driver(self) -> FrrConfigDriver:
        return FrrConfigDriver("stub", self.runner, state=str(self.state))
