"""The floor: asyncssh runs one command on every device, nothing more.

    python -m benchmarks.peers.asyncssh_run TARGETS CONCURRENCY COMMAND [STDIN_FOLDER]

With STDIN_FOLDER, the command's standard input is the file of the device's name there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import asyncssh

from benchmarks.peers.targets import Target, Targets, read


async def run(targets: Targets, concurrency: int, command: str, folder: Path | None) -> int:
    """How many devices did not end with 0."""
    gate = asyncio.Semaphore(concurrency)
    results = await asyncio.gather(
        *(one(targets, target, gate, command, folder) for target in targets.devices)
    )
    return sum(result != 0 for result in results)


async def one(
    targets: Targets, target: Target, gate: asyncio.Semaphore, command: str, folder: Path | None
) -> int:
    text = (folder / target.name).read_text(encoding="utf-8") if folder else None
    async with (
        gate,
        asyncssh.connect(
            target.address,
            username=targets.username,
            client_keys=[targets.key_file],
            known_hosts=targets.known_hosts,
            agent_path=None,
            config=None,
        ) as connection,
    ):
        result = await connection.run(command, input=text)
        return result.exit_status or 0


if __name__ == "__main__":
    where, concurrency, command, *rest = sys.argv[1:]
    folder = Path(rest[0]) if rest else None
    sys.exit(min(asyncio.run(run(read(where), int(concurrency), command, folder)), 1))
