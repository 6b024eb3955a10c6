"""`deploy` of a city that is managed in band, from the data centre outwards; new hardware; day 0."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from infra_ctl.cli import devices
from infra_ctl.cli.exits import Exit
from infra_ctl.deploy import run, step
from infra_ctl.drivers.embedded import EmbeddedFleet, Fault
from infra_ctl.verify import looking
from tests.unit.cli.conftest import Command

POP, WARD, OTHER = "nk-pop1", "nk-an-hoa-ce1", "nk-cai-khe-ce1"
THROUGH = {POP: ("dc-core1", "dc-core2"), "bt-pop1": ("dc-core1", "dc-core2"), WARD: (POP,), OTHER: (POP,)}
"""Who has to route before another one can be reached."""


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A simulated city whose devices are reached through each other, and those of it that never are."""
    never: set[str] = set()

    def fault(fleet: EmbeddedFleet, hostname: str) -> Fault:
        way = THROUGH.get(hostname, ())
        routes = [host for host in way if "router ospf" in fleet.record(host).running]
        return Fault(unreachable=hostname in never or bool(way and not routes))

    simulated = devices._embedded
    monkeypatch.setattr(EmbeddedFleet, "fault", fault)
    monkeypatch.setattr(devices, "_embedded", lambda *where: replace(simulated(*where), in_band=True))
    monkeypatch.setattr(step, "patience", partial(step.Patience, neighbours=0.05, pause=0.01, grace=0.1))
    monkeypatch.setattr(run, "END_STATE_SECONDS", 0.05)
    monkeypatch.setattr(looking, "PAUSE", 0.01)
    return never


@pytest.mark.usefixtures("dead")
def test_one_deploy_puts_the_whole_city_up(infra_ctl: Command) -> None:
    planned = infra_ctl("plan", "--exit-code")
    assert planned.code == Exit.FOUND
    assert "cannot be reached yet: what lies between does not lead there" in planned.out
    assert " · 0 failed · 4 behind them\n" in planned.out
    infra_ctl("deploy", "--yes")
    assert infra_ctl("plan", "--exit-code").code == Exit.DONE
    assert len(infra_ctl("runs", "--output", "json").json) == 3


def test_what_never_answers_stops_it_where_it_is(infra_ctl: Command, dead: set[str]) -> None:
    dead.add(POP)
    said = infra_ctl("deploy", "--yes", f"role=core or {POP} or {WARD}")
    assert said.code == Exit.PARTIAL
    assert "next    2 devices behind them\n" in said.out
    assert said.err.splitlines()[-1].startswith(f"error: {WARD}: no answer and 1 more: nothing was done.")


@pytest.mark.usefixtures("dead")
def test_in_json_the_last_run_has_those_before_it(infra_ctl: Command) -> None:
    said = infra_ctl("deploy", "--yes", f"role=core or {POP} or {WARD}", "--output", "json")
    assert said.code == Exit.DONE
    ward, pop = said.json, said.json["first"]
    assert (set(ward["devices"]), set(pop["devices"])) == ({WARD}, {POP})
    assert set(pop["first"]["devices"]) == {"dc-core1", "dc-core2"}


def test_a_simulated_device_is_not_replaced(infra_ctl: Command) -> None:
    said = infra_ctl("replace", WARD, "--yes", "--host-key", "SHA256:x")
    assert (said.code, said.err) == (
        Exit.REFUSED,
        "error: a simulated device has no host key: nothing to replace\n",
    )


def test_a_host_key_that_is_no_fingerprint_is_a_usage_error(infra_ctl: Command) -> None:
    said = infra_ctl("replace", WARD, "--host-key", "ssh-ed25519")
    assert said.code == Exit.USAGE
    assert "'ssh-ed25519' is no fingerprint: SHA256:…" in said.err


def test_day_0_is_rendered(infra_ctl: Command) -> None:
    said = infra_ctl("render", "--day0", WARD)
    assert said.code == Exit.DONE
    assert "ip route 0.0.0.0/0 10.1.17.16\n" in said.out
    assert "router ospf" not in said.out
