"""What calls us, by a systemd that is booted; and an audit that is due, killed, and told of once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.audit.schedule import Caller, units
from infra_ctl.lab import enter, namespace
from tests.dying import DIED
from tests.lab.city_slice import CitySlice, until
from tests.lab.two_sites import CORE, SPARE, Sites
from tests.unit.audit.receiving import Receiver, receiver

pytestmark = pytest.mark.live

VAR = Path("/var/lib/infra-ctl-audit")
PROGRAM = f"""\
#!/bin/sh
echo "$(id -un) $* $INFRA_CTL_INVENTORY" >>{VAR}/called
touch /etc/written /home/infra/written 2>/dev/null
exit 3
"""
"""In place of ours, which a host does not have: it writes down how it was called, and finds something."""
TIMER, SERVICE = "infra-ctl-audit.timer", "infra-ctl-audit.service"
NEVER = "*-01-01 00:00"
"""Instead of the quarters of an hour, one of which might come while we look."""
AUDITS = f"""\
audits:
  daily: {{calendar: 0 6 * * *, laws: [city-standard], where: {CORE}, notify: [soc]}}
notify: {{soc: {{webhook: {{url: "https://soc.example/"}}}}}}
"""


@pytest.fixture
def host(sites: Sites) -> Iterator[CitySlice]:
    """With the units and the program on the spare host, which is left as it was."""
    city = sites.city
    environment = {"INFRA_CTL_INVENTORY": "/srv/city"}
    caller = Caller(("/usr/local/bin/infra-ctl",), "infra", VAR, environment, (VAR,), is_hardened=True)
    texts = units(["audit"], caller)
    files = {f"/etc/systemd/system/{name}": text.replace("*:0/15", NEVER) for name, text in texts.items()}
    for path, text in {**files, "/usr/local/bin/infra-ctl": PROGRAM}.items():
        city.on(SPARE, "sh", "-c", f"cat >{path}", text=text)
    city.on(SPARE, "sh", "-c", f"chmod 755 /usr/local/bin/infra-ctl; install -d -o infra {VAR}")
    yield city
    city.on(SPARE, "systemctl", "disable", "--now", "--quiet", TIMER)
    city.on(SPARE, "rm", "-rf", *files, "/usr/local/bin/infra-ctl", str(VAR))
    city.on(SPARE, "systemctl", "daemon-reload")


def test_a_timer_that_missed_its_hour_calls_once_and_may_write_into_var_alone(host: CitySlice) -> None:
    city = host
    missed = f"/var/lib/systemd/timers/stamp-{TIMER}"
    city.on(SPARE, "sh", "-c", f"mkdir -p $(dirname {missed}); touch -d '2 years ago' {missed}")
    city.on(SPARE, "systemctl", "daemon-reload")
    city.on(SPARE, "systemctl", "enable", "--now", "--quiet", TIMER)
    until(lambda: "ExecMainStatus=3" in shown(city, "ExecMainStatus"))
    until(lambda: shown(city, "ActiveState") == "ActiveState=inactive\n")
    assert shown(city, "Result") == "Result=success\n"  # it found something, which is no failure
    assert city.on(SPARE, "cat", f"{VAR}/called") == "infra audit --due /srv/city\n"
    assert city.on(SPARE, "sh", "-c", "ls /etc/written /home/infra/written 2>/dev/null || true") == ""
    assert city.on(SPARE, "systemctl", "is-active", TIMER) == "active\n"


def shown(city: CitySlice, what: str) -> str:
    return city.on(SPARE, "systemctl", "show", "--property", what, SERVICE)


@contextmanager
def sink(city: CitySlice) -> Iterator[Receiver]:
    """Who is told everything, where the controller of a twin is."""
    with namespace.inside(enter.access(city.lab.root).namespace):
        there = receiver()
        found = there.__enter__()
    try:
        yield found
    finally:
        there.__exit__(None, None, None)


def daily(city: CitySlice) -> Any:
    """The one audit of that name."""
    (found,) = [each for each in city.json("audit", "list") if each["name"] == "daily"]
    return found


def test_an_audit_that_is_due_and_killed_goes_on_and_is_told_once(sites: Sites) -> None:
    city, file = sites.city, sites.city.inventory / "audits.yaml"
    theirs = file.read_bytes()
    file.write_text(AUDITS, encoding="utf-8")
    try:
        with sink(city) as soc:
            died = city.die_at(3, "after", "audit", "--due", "--sink", soc.url)
            assert (died.code, soc.got) == (DIED, [])
            killed = daily(city)
            assert killed["state"] == "killed"
            ended = city.run("audit", "--due", "--sink", soc.url)
            assert ended.code in (0, 3), ended
            again = city.run("audit", "--due", "--sink", soc.url)
            assert (again.code, again.out) == (0, "nothing is due\n")
        done = daily(city)
        assert (done["id"], done["state"]) == (killed["id"], "done")
        bad = done["counts"].get("fail", 0) + done["counts"].get("error", 0)
        told = [json.loads(body) for _, _, body in soc.got]
        assert [len(each["items"]["broken"]) for each in told] == ([bad] if bad else [])
    finally:
        file.write_bytes(theirs)
