"""nornir with our own NAPALM driver: the same running configurations, in threads.

python -m benchmarks.peers.nornir_fetch TARGETS
"""

from __future__ import annotations

import sys

from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner
from nornir_napalm.plugins.connections import Napalm

from benchmarks.peers.targets import Targets, read


def hosts(targets: Targets) -> Hosts:
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


def fetch(task: Task) -> Result:
    device = task.host.get_connection("napalm", task.nornir.config)
    return Result(host=task.host, result=device.get_config(retrieve="running")["running"])


if __name__ == "__main__":
    ConnectionPluginRegister.register("napalm", Napalm)
    inventory = Inventory(hosts=hosts(read(sys.argv[1])), groups=Groups(), defaults=Defaults())
    nornir = Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=16))
    answers = nornir.run(fetch)
    nornir.close_connections()
    sys.exit(1 if answers.failed else 0)
