"""One audit: who is asked, what is kept as it goes, and how it goes on where it was left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from infra_ctl.audit import results, run
from infra_ctl.audit.collecting.part import Part, Subject
from infra_ctl.audit.run import Setting, Sources, Wanted
from infra_ctl.audit.subjects import subjects
from infra_ctl.controls.exhibit import Fact, Line
from infra_ctl.controls.loading import shipped
from infra_ctl.errors import RefusedError, SecretError, UnknownError, UnreachableError
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Audit, RunState, now
from infra_ctl.journal.store import Journal
from infra_ctl.outcome import Verdict
from tests.unit.conftest import SmallCity

LAW = "tcvn-14423-2026"
ROOT = (LAW, "SRV-07")


@dataclass
class Machines:
    """What each says of root's logins by SSH, and what happens as it is asked."""

    asked: list[str] = field(default_factory=list)
    says: Callable[[str], str] = lambda _name: "no"

    def examine(self, subject: Subject, _at: datetime) -> Part:
        self.asked.append(subject[1])
        value = self.says(subject[1])
        return Part(facts={"ssh.root": (Fact(value, Line("sshd", 14, f"permitrootlogin {value}")),)})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield journal
    journal.close()


@pytest.fixture
def machines() -> Machines:
    return Machines()


@pytest.fixture
def setting(small: SmallCity, journal: Journal, machines: Machines, tmp_path: Path) -> Setting:
    fleet = replace(small.devices(tmp_path / "devices").fleet, workers=1)
    sources = Sources({}, {"host": machines.examine})
    return Setting(small.city, shipped(), "lab", small.city.choose, journal, fleet, sources)


def nobody_looks(_audit: Audit, _devices: int, _hosts: int) -> Callable[[str], None]:
    return lambda _name: None


def audited(setting: Setting, *laws: str, where: str = "") -> Audit:
    return run.run(setting, Wanted(laws or (LAW,), where), nobody_looks)
