"""Who runs what under pytest-xdist: files that share a lab stay with one worker, the longest start first."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import PurePath

import pytest

LOTS: Mapping[str, frozenset[str]] = {
    "a slice of the city": frozenset(
        f"test_{name}"
        for name in (
            *("backup_live", "deploy_faults", "deploy_live", "guard_live", "life_live", "monitor_live"),
            *("procedures_live", "resume_live", "secrets_live", "state_exporter_live", "take_back_live"),
        )
    ),
    "both sites": frozenset(
        f"test_{name}_live"
        for name in (
            *("audit", "drift", "examining", "faults_seen"),
            *("host_procedures", "hosts", "one_plan", "roles", "schedule", "seeded"),
        )
    ),
}
"""Files of tests by the lab that they share; one that is missing here boots it again, on another worker."""


def lot(nodeid: str) -> str:
    """What a worker takes as a whole: all of a lab's, or a file."""
    file = nodeid.partition("::")[0]
    return next((lab for lab, files in LOTS.items() if PurePath(file).stem in files), file)


def pytest_configure() -> None:
    """A shell's background job ignores Ctrl-C, and so would all that is tested: a test of it would wait."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lots of several files first: they take longest."""
    order = [*LOTS, None]
    items.sort(key=lambda item: order.index(found if (found := lot(item.nodeid)) in LOTS else None))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """`--dist loadgroup` would do, but for its marks, which pytest 9 does not let it keep."""
    from xdist.scheduler import LoadScopeScheduling

    class Lots(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return lot(nodeid)

    return Lots(config, log)
