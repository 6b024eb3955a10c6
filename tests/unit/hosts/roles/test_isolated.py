"""An isolated host's firewall: administrators come in, logs go out, and no connection from before goes on."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from infra_ctl.city import City
from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.host import HostIntent
from infra_ctl.intent.hosts import HostIntents
from infra_ctl.inventory.models import Hold
from infra_ctl.render import host_text
from tests.unit.conftest import SmallCity


@pytest.fixture
def host(small: SmallCity) -> HostIntent:
    return small.city.host("dc-app-1")


def services(text: str) -> set[str]:
    return set(re.findall(r'comment "([^"]+)"', text))


def test_only_administrators_and_logs_are_left(host: HostIntent) -> None:
    before, after = (host_text("nftables.conf", replace(host, isolated=each)) for each in (False, True))
    assert services(before) > {"ssh", "syslog"}
    assert services(after) == {"ssh", "syslog"}
    assert after.count("policy drop") == 3, "also of a host that is not strict otherwise"


def test_no_connection_from_before_goes_on(host: HostIntent) -> None:
    """A bare `established` would let an intruder's session live."""
    text = host_text("nftables.conf", replace(host, isolated=True))
    answers = [line for line in text.splitlines() if "established" in line]
    assert answers
    assert all(re.search(r" sport (22|514) ct state established accept", line) for line in answers)
    assert "l4proto" not in text


def test_its_other_software_is_left_as_it_is(host: HostIntent) -> None:
    """It is to be looked at: nothing of it changes but the firewall."""
    held = replace(host, isolated=True)
    assert (held.openings, held.exits) == (host.openings, host.exits)


@pytest.mark.parametrize("name", ["dc-app-1", "dc"])
def test_the_host_or_its_whole_site_is_held(small: SmallCity, name: str) -> None:
    hold = Hold(object=name, effect="isolate", reason="x", until=date(2099, 1, 1))
    inventory = small.city.inventory.model_copy(update={"holds": (hold,)})
    intents = HostIntents(inventory, Allocations(small.city.prefixes))
    assert (intents["dc-app-1"].isolated, intents["bk-app-1"].isolated) == (True, False)
    city = City(inventory, small.city.intents, small.city.prefixes)
    assert city.held(["dc-app-1"]) == (hold.in_words,)
    assert city.held(["bk-app-1"]) == ()
