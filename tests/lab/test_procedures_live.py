"""Procedures on live routers: by bare ansible-playbook, and an isolation that outlives a deploy."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import pytest

from infra_ctl.city import load_city
from tests.lab.city_slice import AN_HOA, POP, CitySlice, Done, until

pytestmark = pytest.mark.live

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
ANSIBLE = str(Path(sys.executable).with_name("ansible-playbook"))
SITE = AN_HOA.removesuffix("-ce1")


def ansible(city: CitySlice, playbook: str, *arguments: str) -> Done:
    """As somebody without infra-ctl types it."""
    command = (ANSIBLE, "-i", str(city.inventory / "infra_ctl.yml"), str(PLAYBOOKS / f"{playbook}.yml"))
    environment = {"ANSIBLE_CONFIG": str(PLAYBOOKS.parent / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    return city.start(*arguments, command=command, environment=environment).end()


def changed(done: Done) -> int:
    """Of all machines, by Ansible's own count."""
    return sum(int(count) for count in re.findall(r" changed=(\d+) ", done.out))


def test_the_survey_works_by_ansible_alone_and_changes_nothing(city: CitySlice) -> None:
    done = ansible(city, "survey", "--limit", f"{POP}:{AN_HOA}")
    assert (done.code, changed(done)) == (0, 0), done
    written = (city.home / "var/survey/survey.csv").read_text().splitlines()
    rows = {row["name"]: row for row in csv.DictReader(written)}
    assert set(rows) == {POP, AN_HOA}
    pop, ward = rows[POP], rows[AN_HOA]
    assert (pop["state"], pop["kind"], pop["ipv6_stage"], ward["ipv6_stage"]) == (
        *("surveyed", "router", "dual", "none"),
    )
    assert int(pop["memory_mb"]) > 0
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?", pop["frr"])
    assert (int(pop["ipv6_neighbours"]) > 0, ward["ipv6_neighbours"]) == (True, "0")


def test_an_isolated_ward_stays_isolated_through_a_deploy_until_its_hold_is_lifted(city: CitySlice) -> None:
    lans = [
        each
        for each in load_city(city.inventory).intents[AN_HOA].interfaces
        if each.kind == "lan" and "management" not in each.description
    ]
    networks = [str(each.ipv4.network) for each in lans if each.ipv4]

    def is_cut_off() -> list[bool]:
        """By LAN: its interface is down, and its PoP knows no way to it."""
        links = [city.on(AN_HOA, "ip", "-o", "link", "show", each.name) for each in lans]
        routes = [city.on(POP, "ip", "route", "show", network) for network in networks]
        return [
            ("state DOWN" in link) is (not route) is True for link, route in zip(links, routes, strict=True)
        ]

    assert not any(is_cut_off())
    run = ("procedure", "run", "isolate", "--yes", "-e", f"target={SITE}", "-e", "reason=malware")
    done = city.run(*run)
    assert done.code == 0, done
    until(lambda: all(is_cut_off()))
    (evidence,) = (city.home / "var/evidence").iterdir()
    kept = {file.name for file in evidence.rglob("*.txt")}
    assert kept >= {"sockets.txt", "processes.txt", "configuration.txt", "logs.txt"}
    assert (evidence / "SHA256SUMS").read_text().count("\n") == len(kept)
    assert not [
        secret
        for secret in city.secrets
        for place in (evidence, city.home / "var/procedure")
        for file in place.rglob("*")
        if file.is_file() and secret in file.read_text(errors="replace")
    ]

    done = city.run("deploy", SITE, "--yes")
    assert done.out.startswith(f"held    {SITE}: isolate until "), done
    assert "no changes" in done.out
    assert all(is_cut_off())
    assert city.run("verify", f"site={SITE}").code == 0, "shut off is as it should be, and it is reached"
    again = ansible(city, "isolate", "-e", f"target={SITE}", "-e", "reason=malware")
    assert (again.code, changed(again)) == (0, 0), again

    done = city.run("procedure", "run", "release", "--yes", "-e", f"target={SITE}", "--output", "json")
    assert (done.code, done.json["machines"][AN_HOA]["state"]) == (0, "done"), done
    assert not any(is_cut_off())
