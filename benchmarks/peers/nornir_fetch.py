"""nornir with our own NAPALM driver: the same running configurations, in threads.

python -m benchmarks.peers.nornir_fetch TARGETS
"""

from __future__ import annotations

import sys

from nornir.core.task import Result, Task

from benchmarks.peers.nornir_fleet import fleet


def fetch(task: Task) -> Result:
    device = task.host.get_connection("napalm", task.nornir.config)
    return Result(host=task.host, result=device.get_config(retrieve="running")["running"])


if __name__ == "__main__":
    nornir = fleet(sys.argv[1])
    answers = nornir.run(fetch)
    nornir.close_connections()
    sys.exit(1 if answers.failed else 0)
