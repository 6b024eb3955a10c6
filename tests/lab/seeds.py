"""Thirty violations of the law, sown on the twin of both sites: what each is, where, and what is found of it.

They lie in all that an audit asks: what routers run, what machines say of themselves, the inventory, what
people wrote down, what was done. What infra-ctl has written it can mend; the rest is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from tests.lab.city_slice import CitySlice
from tests.lab.two_sites import (
    APP,
    DATABASE,
    HEARD,
    LOGS,
    MONITOR,
    NAMES,
    PORTAL,
    REPLICA,
    ROOMS,
    TIME,
)

CORE, OTHER_CORE, FAR, OTHER_FAR, DUAL, PLAIN = (
    "dc-core1",
    "dc-core2",
    "bk-r1",
    "bk-r2",
    "hq-so-noi-vu-ce1",
    f"{HEARD}-ce1",
)
TODAY = date.today() - timedelta(days=1)
"""Wherever the machine's clock says that it is."""
LATELY, LONG_AGO, OVER = (str(TODAY - timedelta(days=days)) for days in (30, 400, 1))
SOON = str(TODAY + timedelta(days=60))
ASSET = f"{REPLICA},S7-04796-2398,2030-06-30,Trung tâm dữ liệu dự phòng - tủ D01"
LINK = "hq-so-noi-vu:ce1/eth1,leased,l2,Viettel,100,1500"
RULES, SSHD = "/etc/infra-ctl/zones.nft", "/etc/ssh/sshd_config.d/00-infra-ctl.conf"
LISTENER = (
    "import os, socket, time; os.fork() and os._exit(0); os.setsid(); "
    "s = socket.create_server(('', PORT)); open('/run/seed.pid', 'w').write(str(os.getpid())); "
    "os.close(0); os.close(1); os.close(2); time.sleep(1800)"
)
SIGNATURES = "ClamAV-VDB:01 Jan 2024 08-00 +0000:27140:2000000:90:0:0:builder:1704096000"


@dataclass(frozen=True)
class Seed:
    """One violation: the control that finds it on an object, with a line that has these words."""

    name: str
    finds: Mapping[tuple[str, str], str]
    """By control and object; most have one."""
    on: str = ""
    """A machine where `sow` is run as a shell script, and `reap` afterwards."""
    sow: str = ""
    reap: str = ""
    mends: bool = False
    """Whether configuration can mend it: then it is not reaped."""
    writes: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    """In files of the inventory, what stands there and what in its place."""


def vtysh(*lines: str) -> str:
    """A shell script that configures FRR."""
    return " ".join(("vtysh", *(f"-c '{line}'" for line in ("configure terminal", *lines, "end"))))


def listener(port: int) -> str:
    """Something that listens for others until it is reaped, or half an hour."""
    return f'python3 -c "{LISTENER.replace("PORT", str(port))}"; ' + (
        "i=0; while [ ! -s /run/seed.pid ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done"
    )


STOP = "[ ! -s /run/seed.pid ] || kill $(cat /run/seed.pid); rm -f /run/seed.pid"


def account(name: str, *more: str) -> str:
    made = f"useradd -m -s /bin/bash {name} && echo '{name}:Mat-khau-2026' | chpasswd"
    return " && ".join((made, *more))


def gone(name: str) -> str:
    return f"userdel -r {name} 2>/dev/null"


FROM_ROUTERS = (
    Seed(
        "FRR logs nothing",
        {("STD-08", CORE): "show running-config"},
        CORE,
        vtysh("no log syslog"),
        mends=True,
    ),
    Seed(
        "OSPF without a key",
        {("STD-07", DUAL): "ip ospf area"},
        DUAL,
        vtysh("interface eth1", "no ip ospf authentication message-digest"),
        mends=True,
    ),
    Seed(
        "BGP without a limit",
        {("STD-09", OTHER_CORE): "neighbor 10.0.0.2 activate"},
        OTHER_CORE,
        vtysh("router bgp", "address-family ipv4 unicast", "no neighbor 10.0.0.2 maximum-prefix"),
        mends=True,
    ),
)
FROM_ROUTERS_MACHINES = (
    Seed(
        "zones that let pass what no rule names",
        {("NET-02", FAR): "accept"},
        FAR,
        f"sed -i '/chain asked/,$ s/^        drop$/        accept/' {RULES} && nft -f {RULES}",
        mends=True,
    ),
    Seed(
        "SNMPv2 with a community",
        {("NET-09", OTHER_FAR): "rocommunity"},
        OTHER_FAR,
        "echo 'rocommunity public default' >>/etc/snmp/snmpd.conf",
        mends=True,
    ),
    Seed(
        "telnet on a core",
        {("NET-09", OTHER_CORE): ":23 ", ("NET-16", OTHER_CORE): ":23 "},
        OTHER_CORE,
        listener(23),
        STOP,
    ),
    Seed(
        "a port that nobody declared",
        {("NET-16", FAR): "eth77"},
        FAR,
        "ip link add eth77 type veth peer name eth78 && ip link set eth77 up && ip link set eth78 up",
        "ip link del eth77",
    ),
    Seed(
        "a circuit without its queues",
        {("NET-23", CORE): "eth10"},
        CORE,
        "tc qdisc del dev eth10 root",
        mends=True,
    ),
    Seed("a vendor's account", {("SRV-03", CORE): "pi "}, CORE, account("pi", "chage -M 45 pi"), gone("pi")),
)
FROM_HOSTS = (
    Seed(
        "logs are kept for a month",
        {("LOG-03", LOGS): "maxage 31"},
        LOGS,
        "sed -i 's/maxage 93/maxage 31/' /etc/logrotate.d/infra-ctl",
        mends=True,
    ),
    Seed(
        "root may log in",
        {
            ("SRV-11", APP): "permitrootlogin yes",
            ("SRV-01", APP): "root uid=0",
            ("NET-19", APP): "root uid=0",
        },
        APP,
        f"sed -i 's/PermitRootLogin no/PermitRootLogin yes/' {SSHD}",
        mends=True,
    ),
    Seed(
        "a firewall that accepts",
        {(control, DATABASE): "policy accept" for control in ("SRV-06", "SRV-11", "NET-19")},
        DATABASE,
        "sed -i '/hook input/ s/policy drop/policy accept/' /etc/nftables.conf && nft -f /etc/nftables.conf",
        mends=True,
    ),
    Seed(
        "no time server",
        {("LOG-01", NAMES): "time.server"},
        NAMES,
        "sed -i '/^server /d' /etc/chrony/chrony.conf && systemctl restart chrony",
        mends=True,
    ),
    Seed(
        "logs go nowhere",
        {("LOG-02", PORTAL): "log.collector"},
        PORTAL,
        "echo '# nothing' >/etc/rsyslog.d/60-infra-ctl.conf",
        mends=True,
    ),
    Seed("telnet on a host", {("SRV-07", MONITOR): ":23 "}, MONITOR, listener(23), STOP),
    Seed("a service that nobody declared", {("SRV-07", TIME): ":8080 "}, TIME, listener(8080), STOP),
    Seed(
        "an installer's account",
        {("SRV-03", REPLICA): "debian "},
        REPLICA,
        account("debian", "chage -M 45 debian"),
        gone("debian"),
    ),
    Seed(
        "an account that nobody uses",
        {("SRV-04", ROOMS): "cu "},
        ROOMS,
        account("cu", f"chage -d {LONG_AGO} -M 45 cu"),
        gone("cu"),
    ),
    Seed("a password without an end", {("SRV-02", MONITOR): "moi "}, MONITOR, account("moi"), gone("moi")),
    Seed(
        "old signatures of malware",
        {("SRV-10", APP): "ClamAV-VDB version 27140"},
        APP,
        f"echo '{SIGNATURES}' >/var/lib/clamav/daily.cld",
        "rm /var/lib/clamav/daily.cld",
    ),
    Seed(
        "silent sessions last",
        {("NET-12", TIME): "clientaliveinterval 3600"},
        TIME,
        f"sed -i 's/ClientAliveInterval 150/ClientAliveInterval 3600/' {SSHD}",
        mends=True,
    ),
)
FROM_PAPER = (
    Seed(
        "a waiver that has ended",
        {("NET-20", CORE): f"until: {OVER}"},
        writes={"waivers.yaml": (f"until: {SOON}", f"until: {OVER}")},
    ),
    Seed(
        "a level that nobody approved",
        {("OPS-04", "email"): "approval"},
        writes={
            "systems.yaml": (
                '{state: approved, decision: "102/QĐ-STTTT", date: 2020-06-30}',
                "{state: draft}",
            )
        },
    ),
    Seed(
        "a machine that nobody owns",
        {("SRV-13", REPLICA): REPLICA},
        writes={"assets.csv": (f"{ASSET},so-tttt\n", f"{ASSET},\n")},
    ),
    Seed(
        "no drill for a year",
        {("OPS-03", "can-tho"): f"date: {LONG_AGO}"},
        writes={"records.yaml": (f"drill, date: {LATELY}", f"drill, date: {LONG_AGO}")},
    ),
    Seed(
        "an old network diagram",
        {("NET-22", "can-tho"): f"date: {LONG_AGO}"},
        writes={"records.yaml": (f"diagram, date: {LATELY}", f"diagram, date: {LONG_AGO}")},
    ),
    Seed(
        "nobody looks for unknown devices",
        {("SRV-14", "can-tho"): f"date: {LONG_AGO}"},
        writes={"records.yaml": (f"search, date: {LATELY}", f"search, date: {LONG_AGO}")},
    ),
    Seed(
        "wireless networks that nobody looked at",
        {("NET-18", "can-tho"): f"date: {LONG_AGO}"},
        writes={"records.yaml": (f"wireless-review, date: {LATELY}", f"wireless-review, date: {LONG_AGO}")},
    ),
    Seed(
        "names are not filtered",
        {("APP-05", "can-tho"): "dns_filter: false"},
        writes={"records.yaml": ("dns_filter: true", "dns_filter: false")},
    ),
)
DRIFTED = Seed(
    "a router that was changed by hand",
    {("SRV-12", PLAIN): ""},
    PLAIN,
    vtysh("interface lo", "description by hand"),
    mends=True,
)
"""What the last look for drift has counted."""
SEEDS = (*FROM_ROUTERS, *FROM_ROUTERS_MACHINES, *FROM_HOSTS, *FROM_PAPER, DRIFTED)
MENDED = [seed for seed in SEEDS if seed.mends]


def ready(city: CitySlice) -> None:
    """An inventory on which each seed makes a difference, whatever day it is."""
    days = {"drill": "06-18", "diagram": "07-01", "search": "09-10", "wireless-review": "08-20"}
    for kind, day in days.items():
        city.write("records.yaml", f"kind: {kind}, date: 2026-{day}", f"kind: {kind}, date: {LATELY}")
    waiver = f"{{control: NET-20, objects: [{CORE}], reason: a test, approver: a test"
    city.write("waivers.yaml", "waivers:\n", f"waivers:\n  - {waiver}, since: {LATELY}, until: {SOON}}}\n")


def reach_by_one_direction(city: CitySlice) -> None:
    """A system of level 4 that is worked on at a site with one physical direction."""
    site = 'hq-so-noi-vu: {unit: so-noi-vu, pop: hq, number: "11", profile: department'
    city.write("sites.yaml", f"{site}-dual", site)
    city.write("circuits.csv", f"{LINK},north", f"{LINK},west")
    system = "officials-database:  "
    text = (city.inventory / "systems.yaml").read_text(encoding="utf-8").partition(system)[2]
    before = text.partition("  level: 3")[0]
    city.write("systems.yaml", f"{system}{before}  level: 3", f"{system}{before}  level: 4")


def sow(city: CitySlice) -> None:
    """All of them, on all machines at a time; the last one is counted by a look for drift."""
    for seed in SEEDS:
        for file, (old, new) in seed.writes.items():
            city.write(file, old, new)
    scripts = [(seed.on, seed.sow) for seed in SEEDS if seed.on]
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda each: city.on(each[0], "sh", "-ec", each[1]), scripts):
            pass


def reap(city: CitySlice) -> None:
    """What no configuration mends; the inventory is that of all others again."""
    for seed in SEEDS:
        if seed.reap:
            city.on(seed.on, "sh", "-c", f"{seed.reap}; true")
