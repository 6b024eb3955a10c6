"""nornir over all targets, with our own NAPALM driver, in sixteen threads."""

from __future__ import annotations

from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner
from nornir_napalm.plugins.connections import Napalm

from benchmarks.peers.targets import Targets, read


def fleet(path: str) -> Nornir:
    """The targets that the benchmark wrote to `path`."""
    ConnectionPluginRegister.register("napalm", Napalm)
    inventory = Inventory(hosts=_hosts(read(path)), groups=Groups(), defaults=Defaults())
    return Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=16))


def _hosts(targets: Targets) -> Hosts:
    options = {
        "key_file": targets.key_file,
        "known_hosts": targets.known_hosts,
    }
    return Hosts(
        {
            target.name: Host(
                name=target.name,
                hostname=target.address,
                username=targets.username,
                password="",
                platform="frr",
                connection_options={"napalm": ConnectionOptions(extras={"optional_args": options})},
            )
            for target in targets.devices
        }
    )
