"""alertmanager.yml: who is told, and which alerts are left out because a larger one explains them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from infra_ctl.city import City
from infra_ctl.inventory import port
from infra_ctl.inventory.kinds import SiteKind
from infra_ctl.inventory.monitoring import NOBODY, MailServer, Receiver
from infra_ctl.monitor.files import MonitorFile, Value
from infra_ctl.monitor.hurry import span
from infra_ctl.monitor.stack import ALERTMANAGER, CLUSTER, Stack

Rule: TypeAlias = dict[str, Value]
_PREFIX = "Infra"
CIRCUITS = (
    "CircuitDown",
    "CircuitLoss",
    "CircuitSlow",
    "CircuitJitter",
    "CircuitBudgetFast",
    "CircuitBudgetSlow",
)
BEHIND = (*CIRCUITS, "RoomDown", "DeviceDown", "AdjacencyMissing", "FamiliesApart", "PrometheusTargetMissing")
"""What a site that is cut off explains of itself."""
OF_DEVICES = ("AdjacencyMissing", "PrefixesMissing", "PrometheusTargetMissing")
SYSTEMS = ("SystemDown", "SystemFamilyDown", "SystemBudgetFast", "SystemBudgetSlow")
CUT_OFF = ("WardUnreachable", "PopUnreachable", "DataCentreUnreachable")


def alertmanager_files(stack: Stack) -> tuple[MonitorFile, ...]:
    """The configuration, which holds secrets, and how it is started."""
    return (
        MonitorFile("alertmanager.yml", _config(stack), private=True),
        MonitorFile("alertmanager.args", _arguments(stack)),
    )


def inhibitions(city: City) -> tuple[Rule, ...]:
    """What is left out while something larger is told of: by names and labels, then by the topology."""
    everything = (*CUT_OFF, *BEHIND, *SYSTEMS, "HostDown", "PrefixesMissing", "RegistrarDown")
    return (
        _inhibited("CityUnreachable", everything),
        _inhibited("PopUnreachable", ("WardUnreachable", *BEHIND), equal="pop"),
        _inhibited("WardUnreachable", BEHIND, equal="site"),
        _inhibited("DataCentreUnreachable", (*BEHIND, *SYSTEMS, "HostDown"), equal="site"),
        _inhibited("CircuitDown", CIRCUITS[1:], equal="circuit"),
        _inhibited("CircuitDown", ("AdjacencyMissing", "FamiliesApart"), equal="site"),
        _inhibited("CircuitBudgetFast", ("CircuitBudgetSlow",), equal="circuit"),
        _inhibited("SystemDown", SYSTEMS[1:], equal="system"),
        _inhibited("SystemBudgetFast", ("SystemBudgetSlow",), equal="system"),
        _inhibited("DeviceDown", OF_DEVICES, equal="device"),
        *(_inhibited(each, ("PrefixesMissing",)) for each in (*CUT_OFF, "CircuitDown")),
        *_topology(city),
    )


def _topology(city: City) -> Iterator[Rule]:
    """A PoP takes with it its circuits to wards of other PoPs, and wards that hang on it alone."""
    for name, site in city.inventory.sites.items():
        if site.kind is SiteKind.POP:
            source = [f'alertname="{_PREFIX}PopUnreachable"', f'site="{name}"']
            for label, values in _hanging_on(name, city).items():
                if values:
                    targets = [f'{label}=~"{"|".join(values)}"', f'alertname!="{_PREFIX}PopUnreachable"']
                    yield {"source_matchers": source, "target_matchers": targets}


def _hanging_on(pop: str, city: City) -> Mapping[str, tuple[str, ...]]:
    """By label, what cannot be well while a PoP's site is cut off, and has another PoP's name on it."""
    circuits = city.inventory.circuits.values()
    sources: dict[str, set[str]] = {}
    for circuit in circuits:
        sources.setdefault(port(circuit.z).site, set()).add(port(circuit.a).site)
    mine = {site for site, its in sources.items() if its == {pop}}
    foreign = {
        name for name, site in city.inventory.sites.items() if site.pop != city.inventory.sites[pop].pop
    }
    routers = (intent.hostname for intent in city.intents.values() if intent.site == pop)
    return {
        "circuit": tuple(
            sorted(each.id for each in circuits if port(each.a).site == pop and port(each.z).site in foreign)
        ),
        "site": tuple(sorted(mine & foreign)),
        "neighbour": tuple(sorted(routers)),
    }


def _inhibited(source: str, targets: tuple[str, ...], equal: str | None = None) -> Rule:
    names = "|".join(targets)
    found: Rule = {
        "source_matchers": [f'alertname="{_PREFIX}{source}"'],
        "target_matchers": [f'alertname=~"{_PREFIX}({names})"'],
    }
    # Two alerts that both lack the label would be equal in it.
    if equal:
        found["target_matchers"].append(f'{equal}!=""')
        found["equal"] = [equal]
    return found


def _config(stack: Stack) -> Value:
    monitoring = stack.city.inventory.monitoring
    mail = monitoring.mail if stack.sink is None else None
    return {
        **({"global": _mail(mail)} if mail else {}),
        "route": _route(stack.city, stack.hurry),
        "inhibit_rules": list(inhibitions(stack.city)),
        "receivers": [
            {"name": NOBODY},
            *(
                _receiver(name, _told(each, stack.sink))
                for name, each in sorted(monitoring.receivers.items())
            ),
        ],
    }


def _mail(mail: MailServer) -> Value:
    login = {"smtp_auth_username": mail.user, "smtp_auth_password": mail.secret} if mail.user else {}
    return {"smtp_smarthost": mail.smarthost, "smtp_from": mail.sender, **login}


def _route(city: City, hurry: int) -> Value:
    """Pages go to who is on duty, owners are told of what is theirs, tickets of nobody's to operations."""
    monitoring = city.inventory.monitoring
    owners = (
        {"receiver": name, "matchers": [f'owner=~"{"|".join(sorted(each.owners))}"', 'severity!="none"']}
        for name, each in sorted(monitoring.receivers.items())
        if each.owners
    )
    page = {"receiver": monitoring.page or NOBODY, "matchers": ['severity="page"']}
    return {
        "receiver": monitoring.ticket or NOBODY,
        "group_by": ["alertname", "pop", "site", "system", "registrar"],
        "group_wait": span("30s", hurry),
        "group_interval": span("5m", hurry),
        "repeat_interval": span("12h", hurry),
        "routes": [
            {"receiver": NOBODY, "matchers": ['severity="none"']},
            {**page, "repeat_interval": span("4h", hurry), "continue": True},
            *owners,
            # Who is paged needs no ticket of it besides.
            {"receiver": NOBODY, "matchers": ['severity="page"']},
        ],
    }


def _told(receiver: Receiver, sink: str | None) -> Receiver:
    return receiver if sink is None else Receiver(webhooks=(sink,) if sink else ())


def _receiver(name: str, receiver: Receiver) -> Value:
    mails = [{"to": each, "send_resolved": True} for each in receiver.emails]
    hooks = [{"url": each, "send_resolved": True} for each in receiver.webhooks]
    found: dict[str, Value] = {"name": name}
    return found | ({"email_configs": mails} if mails else {}) | ({"webhook_configs": hooks} if hooks else {})


def _arguments(stack: Stack) -> str:
    """For /etc/default/prometheus-alertmanager; hosts of the role tell each other what they have told."""
    peers = [f"--cluster.peer={each}" for each in stack.everywhere(CLUSTER) if each != stack.own(CLUSTER)]
    web = ["--web.config.file=web/alertmanager.yml"] if stack.web else []
    listening = [
        f"--web.listen-address={stack.own(ALERTMANAGER)}",
        f"--cluster.listen-address={stack.own(9094)}",
    ]
    return "\n".join([*listening, *peers, *web, ""])
