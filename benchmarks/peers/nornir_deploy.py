"""nornir with our own NAPALM driver: every candidate replaced and confirmed, all devices at once.

    python -m benchmarks.peers.nornir_deploy TARGETS FOLDER

The plain parallel deploy: each commit has the driver's dead-man timer under it, and nothing else looks after
it, no order, no lease, no test, no journal. FOLDER has a candidate a device, named like it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from nornir.core.task import Result, Task

from benchmarks.peers.nornir_fleet import fleet


def replace(task: Task, folder: Path) -> Result:
    device = task.host.get_connection("napalm", task.nornir.config)
    device.load_replace_candidate(filename=str(folder / task.host.name))
    device.commit_config()
    return Result(host=task.host, changed=True)


if __name__ == "__main__":
    nornir = fleet(sys.argv[1])
    answers = nornir.run(replace, folder=Path(sys.argv[2]))
    nornir.close_connections()
    sys.exit(1 if answers.failed else 0)
