"""Hosts in plans: predicted, masked, in order with routers, and a port that moves in two runs."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from infra_ctl.change.edges import Standing
from infra_ctl.change.operations import File, Operation, Service
from infra_ctl.change.plan import Plan, PlannedDevice, PlannedHost, Status
from infra_ctl.drivers.embedded_hosts import HostFault
from infra_ctl.errors import RefusedError, SecretError, UnreachableError
from infra_ctl.hosts.meant import Kept, Meant
from infra_ctl.hosts.state import OPENINGS, entry
from infra_ctl.intent.host import Opening
from infra_ctl.predicting import Foresight, JudgedHost, repredicted, with_hosts
from tests.unit.conftest import MASKING, SmallCity, bare_plan
from tests.unit.watched_hosts import WatchedHosts, fleet

ANYBODY = (ip_network("10.0.0.0/8"),)
SERVICE = "one-stop/https"
NAMES = ("app", "core/host", "portal")


def opening(port: int, service: str = SERVICE, *sources: str) -> Opening:
    return Opening(service, "tcp", port, tuple(map(ip_network, sources)) or ANYBODY)


def state(openings: tuple[Opening, ...]) -> File:
    lines = ", ".join(str(entry(each)).replace("'", '"') for each in openings)
    return File(id=OPENINGS, path="/etc/infra-ctl/openings.json", text=f"[{lines}]")


def server(own: Opening, **standing: object) -> Meant:
    """A host, or the part of a router, that lets something in."""

    def operations(kept: Kept) -> tuple[Operation, ...]:
        ports = " ".join(str(each.port) for each in (own, *kept.own))
        rules = File(id="firewall/rules", path="/etc/nftables.conf", text=f"accept {ports}\n", guarded=True)
        return (rules, state((own, *kept.own)))

    fields: dict[str, object] = {"site": "dc", "kind": "application", **standing}
    return Meant(Standing(**fields), operations, (own,))  # type: ignore[arg-type]


def client(port: int) -> Meant:
    """A host that passes requests on, and lets itself out to where it does."""

    def operations(kept: Kept) -> tuple[Operation, ...]:
        ports = " ".join(str(each) for each in (port, *(each.port for each in kept.others)))
        return (
            File(id="firewall/rules", path="/etc/nftables.conf", text=f"out {ports}\n", guarded=True),
            File(id="portal/site", path="/etc/nginx/one-stop", text=f"proxy_pass app:{port}\n"),
            Service(id="portal/nginx", unit="nginx", reload_after=("portal/site",)),
        )

    standing = Standing(site="dc", kind="web", needs=frozenset({"app"}))
    return Meant(standing, operations, (), frozenset({SERVICE}))


def city(port: int) -> dict[str, Meant]:
    """An application, its front, and the router that lets requests through."""
    own = opening(port)
    return {
        "app": server(own, serves=frozenset({SERVICE})),
        "core/host": server(own, kind="host part", router="core"),
        "portal": client(port),
    }


@pytest.fixture
def hosts() -> Iterator[WatchedHosts]:
    """All as intended, on port 8080."""
    there = WatchedHosts()
    for name, meant in city(8080).items():
        there.bring(name, meant.operations(Kept()))
    return there


def foresight(hosts: WatchedHosts, meant: dict[str, Meant]) -> Foresight:
    return Foresight(fleet(hosts), meant, MASKING)


def carry_out(hosts: WatchedHosts, judged: dict[str, JudgedHost]) -> None:
    for name, each in judged.items():
        hosts.bring(name, each.planned.operations)


def plan(small: SmallCity, meant: dict[str, Meant], judged: dict[str, JudgedHost]) -> Plan:
    return with_hosts(bare_plan((), ()), small.city, meant, judged)


def kept(judged: dict[str, JudgedHost]) -> dict[str, tuple[str, ...]]:
    return {name: each.planned.kept for name, each in judged.items() if each.planned.kept}


def test_what_is_as_intended_is_unchanged_and_remembered(hosts: WatchedHosts) -> None:
    judged = foresight(hosts, city(8080)).judge(NAMES)
    assert {each.planned.status for each in judged.values()} == {Status.UNCHANGED}
    assert all(each.operations for each in judged.values())


def test_a_host_where_something_is_on_trial_is_not_remembered_as_it_is(hosts: WatchedHosts) -> None:
    hosts.faults["app"] = HostFault(on_trial="run-1")
    judged = foresight(hosts, city(8080)).judge(["app"])["app"]
    assert (judged.planned.status, judged.operations) == (Status.FAILED, "")
    assert judged.planned.cause == "a guarded change of run run-1 is on trial for another 60 s"


def test_a_port_that_moves_is_opened_by_one_run_and_closed_by_the_next(
    hosts: WatchedHosts, small: SmallCity
) -> None:
    meant = city(8443)
    first = foresight(hosts, meant).judge(NAMES)
    assert kept(first) == dict.fromkeys(("app", "core/host"), (f"{SERVICE} tcp 8080",))
    assert plan(small, meant, first).waves == (("core/host",), ("app",), ("portal",))
    carry_out(hosts, first)
    assert hosts.machines["app"].files["/etc/nftables.conf"].text == "accept 8443 8080\n"

    second = foresight(hosts, meant).judge(NAMES)
    assert kept(second) == {}
    assert plan(small, meant, second).waves == (("portal",), ("app",), ("core/host",))
    carry_out(hosts, second)

    third = foresight(hosts, meant).judge(NAMES)
    assert plan(small, meant, third).waves == ()


@pytest.mark.parametrize("missed", NAMES)
def test_the_old_port_stays_while_anybody_has_not_got_the_new_one(hosts: WatchedHosts, missed: str) -> None:
    """Whoever was to change in the first run and did not: a server, a router, or a client."""
    meant = city(8443)
    first = foresight(hosts, meant).judge(NAMES)
    carry_out(hosts, {name: each for name, each in first.items() if name != missed})
    again = foresight(hosts, meant).judge(NAMES)
    assert kept(again) == dict.fromkeys(("app", "core/host"), (f"{SERVICE} tcp 8080",))
    carry_out(hosts, again)
    assert kept(foresight(hosts, meant).judge(NAMES)) == {}


def test_the_old_port_stays_for_those_who_are_not_planned(hosts: WatchedHosts) -> None:
    meant = city(8443)
    for _ in range(3):
        judged = foresight(hosts, meant).judge(["app"])
        assert judged.keys() == {"app"}
        assert kept(judged) == {"app": (f"{SERVICE} tcp 8080",)}
        carry_out(hosts, judged)
    assert judged["app"].planned.status is Status.UNCHANGED


def test_the_old_port_stays_while_somebody_who_asks_there_cannot_be_reached(hosts: WatchedHosts) -> None:
    meant = city(8443)
    carry_out(hosts, foresight(hosts, meant).judge(NAMES))
    hosts.silent["portal"] = UnreachableError("portal", "no route to host")
    judged = foresight(hosts, meant).judge(NAMES)
    assert judged["portal"].planned.status is Status.FAILED
    assert kept(judged) == dict.fromkeys(("app", "core/host"), (f"{SERVICE} tcp 8080",))


def test_who_may_come_in_moves_like_a_port(hosts: WatchedHosts) -> None:
    narrower = opening(8080, SERVICE, "10.1.0.0/16")
    elsewhere = opening(8080, SERVICE, "172.16.0.0/12")
    meant = {"app": server(narrower, serves=frozenset({SERVICE}))}
    judged = foresight(hosts, meant).judge(["app"])
    assert kept(judged) == {}, "nobody new comes in: nothing is made first"
    meant = {"app": server(elsewhere, serves=frozenset({SERVICE}))}
    judged = foresight(hosts, meant).judge(["app"])
    assert kept(judged) == {"app": (f"{SERVICE} tcp 8080",)}
    carry_out(hosts, judged)
    assert kept(foresight(hosts, meant).judge(["app"])) == {}


def test_a_service_that_ends_is_closed_at_once(hosts: WatchedHosts) -> None:
    meant = {"app": server(opening(22, "ssh"))}
    judged = foresight(hosts, meant).judge(["app"])
    assert kept(judged) == {}
    assert judged["app"].planned.status is Status.CHANGED


def secret(text: str) -> dict[str, Meant]:
    key = File(id="database/password", path="/etc/password", text=text)
    return {"db": Meant(Standing(site="dc", kind="database"), lambda _kept: (key,))}


def test_secrets_go_to_the_host_and_not_into_the_plan(hosts: WatchedHosts) -> None:
    planned = foresight(hosts, secret("password vault:ospf/key\n")).judge(["db"])["db"].planned
    assert planned.changes[0].diff == "  1 line of a private file differs"
    assert "0spf-s3cret" not in planned.model_dump_json()
    with pytest.raises(SecretError, match="no/such"):
        foresight(hosts, secret("vault:no/such")).judge(["db"])


def test_a_secret_that_was_rotated_is_in_use_and_not_shown_though_the_vault_has_it_no_more(
    hosts: WatchedHosts,
) -> None:
    path = "/etc/password"
    hosts.bring("db", [File(id="database/password", path=path, text="password th3-old-0ne\n")])
    plan = saved(foresight(hosts, secret("password vault:ospf/key\n")).judge(["db"])["db"].planned)
    assert plan.hosts[0].diff == f"{path}\n  2 lines of a private file differ"
    assert "th3-old-0ne" not in plan.model_dump_json()
    assert repredicted(plan, fleet(hosts), MASKING) == plan


def saved(planned: PlannedHost) -> Plan:
    return bare_plan((), ()).model_copy(
        update={"hosts": (planned,), "waves": ((planned.name,),), "cuts": ((),)}
    )


def test_a_saved_plan_is_carried_out_only_on_what_it_was_made_from(hosts: WatchedHosts) -> None:
    judged = foresight(hosts, city(8443)).judge(["app"])
    plan = saved(judged["app"].planned)
    assert repredicted(plan, fleet(hosts), MASKING) == plan
    hosts.bring("app", judged["app"].planned.operations[:1])
    with pytest.raises(RefusedError, match="app changed since plan 0001 was made: plan again"):
        repredicted(plan, fleet(hosts), MASKING)


def test_a_host_of_a_saved_plan_that_is_gone_is_planned_as_failed(hosts: WatchedHosts) -> None:
    plan = saved(foresight(hosts, city(8443)).judge(["app"])["app"].planned)
    hosts.silent["app"] = UnreachableError("app", "no route to host")
    now = repredicted(plan, fleet(hosts), MASKING)
    assert (now.waves, now.failed[0].name, now.failed[0].cause) == ((), "app", "no route to host")
    with pytest.raises(RefusedError, match="app: embedded has no hosts"):
        repredicted(plan, None, MASKING)


def router(small: SmallCity, hostname: str) -> Plan:
    """A plan that changes one router."""
    assert hostname in small.city.intents
    device = PlannedDevice(hostname=hostname, platform="frr", status=Status.CHANGED)
    return bare_plan([device], ((hostname,),), (("path from a to b over IPv4",),))


def test_hosts_come_after_the_routers_that_lead_to_them(hosts: WatchedHosts, small: SmallCity) -> None:
    judged = foresight(hosts, city(8443)).judge(["app"])
    found = with_hosts(router(small, "dc-core1"), small.city, city(8443), judged)
    assert found.waves == (("dc-core1",), ("app",))
    assert found.cuts == (("path from a to b over IPv4",), ())
    assert [(each.name, each.first, each.reason) for each in found.after] == [
        ("app", "dc-core1", "it leads there")
    ]


def test_who_is_out_of_reach_while_routers_change_is_behind_them(
    hosts: WatchedHosts, small: SmallCity
) -> None:
    hosts.silent["app"] = UnreachableError("app", "no route to host")
    judged = foresight(hosts, city(8443)).judge(["app", "portal"])
    changing = with_hosts(router(small, "dc-core1"), small.city, city(8443), judged)
    assert (changing.behind, changing.failed) == (("app",), ())
    alone = with_hosts(bare_plan((), ()), small.city, city(8443), judged)
    assert (alone.behind, [each.name for each in alone.failed]) == ((), ["app"])
