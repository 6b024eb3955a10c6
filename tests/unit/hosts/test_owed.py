"""What a host owes is written on it so that it reads back as it was."""

from __future__ import annotations

import subprocess

import pytest

from infra_ctl.change.operations import File, Run, Service
from infra_ctl.hosts import owed

CONF = File(id="portal/a b@c", path="/etc/a", text="")
NGINX = Service(id="portal/nginx", unit="nginx", reload_after=(CONF.id,), restart_after=("portal/unit",))
TELL = Run(id="portal/tell", command="tell", after=(CONF.id,))
OPERATIONS = (CONF, File(id="portal/unit", path="/etc/u", text=""), NGINX, TELL)


@pytest.fixture
def ask(tmp_path, monkeypatch):
    monkeypatch.setattr(owed, "FOLDER", str(tmp_path / "owed"))

    def ask(script: str) -> str:
        return subprocess.run(["sh", "-c", script], capture_output=True, check=True, text=True).stdout

    return ask


def listed(ask) -> frozenset[owed.Debt]:
    return owed.debts(ask(f"ls -1 {owed.FOLDER} 2>/dev/null || true"))


def test_debts_are_noted_and_struck_off(ask):
    debts = owed.of_change(OPERATIONS, CONF.id)
    assert debts == {(NGINX.id, CONF.id), (TELL.id, CONF.id)}
    assert listed(ask) == frozenset()
    ask(owed.note(debts))
    ask(owed.note(debts))
    assert listed(ask) == debts
    ask(owed.strike({(TELL.id, CONF.id)}))
    assert listed(ask) == {(NGINX.id, CONF.id)}


def test_an_answer_reads_what_an_earlier_run_has_changed():
    debts = {(NGINX.id, CONF.id)}
    assert owed.changes(OPERATIONS, debts, NGINX) == [CONF]
    assert owed.changes(OPERATIONS, debts, TELL) == []
    forgotten = NGINX.model_copy(update={"reload_after": ()})
    assert owed.changes(OPERATIONS, debts, forgotten) == []
