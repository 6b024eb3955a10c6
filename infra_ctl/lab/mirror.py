"""The package repository of a lab: what its hosts install comes from the controller's address, by HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

from infra_ctl.errors import LabError
from infra_ctl.lab import namespace
from infra_ctl.lab.disk import last_line
from infra_ctl.lab.model import TwinSpec
from infra_ctl.lab.state import Folder

PORT = 80

NAME = "packages"
"""What its log is called."""


def serve(folder: Folder, spec: TwinSpec, seconds: float = 20.0) -> None:
    """Start the server where it does not run, and wait until it listens. Raises LabError."""
    if _listens(spec):
        return
    packages, log = folder.image.resolve() / "packages", folder.log(NAME)
    server = (
        "-I",
        "-m",
        "http.server",
        "--bind",
        str(spec.controller),
        "--directory",
        str(packages),
        str(PORT),
    )
    with namespace.inside(spec.management_namespace), log.open("w") as output:
        subprocess.run(
            ("setsid", "--fork", sys.executable, *server),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=True,
        )
    deadline = time.monotonic() + seconds
    while not _listens(spec):
        if time.monotonic() > deadline:
            raise LabError(f"the package repository did not start: {last_line(log)}; see {log}")
        time.sleep(0.05)


def _listens(spec: TwinSpec) -> bool:
    with namespace.inside(spec.management_namespace):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with made:
        made.settimeout(1.0)
        return made.connect_ex((str(spec.controller), PORT)) == 0
