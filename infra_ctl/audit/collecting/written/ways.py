"""What a site cannot do without: the routers and circuits that every way to it leads through.

They are its dominators in the graph of the network, as seen from where its ways begin: at the routers of the
data centre's zones, or for the data centre itself at those of its neighbours outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from infra_ctl.intent.topology import links
from infra_ctl.inventory import Device, Inventory, devices, port
from infra_ctl.inventory.kinds import SiteKind

ROOT = "/"
"""Where ways begin. No router, circuit or site is called so."""


def needed(inventory: Inventory, there: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """By site, its single points of failure, in the order in which a way meets them.

    Sites without a way are absent. Only routers that are there count: of a part of a city not all are.
    """
    centres = {site.id for site in inventory.sites.values() if site.kind is SiteKind.DC}
    serving = {site: tuple(_serving(site, inventory, there)) for site in inventory.sites}
    heart = [hostname for site in sorted(centres) for hostname in serving[site]]
    ends = (port(peer.device).hostname for peer in inventory.peers.values())
    edges = [hostname for hostname in ends if hostname in there]
    network = list(_network(inventory, there))
    outer = _dominating(network, edges, {site: serving[site] for site in centres})
    inner = _dominating(network, heart, {site: each for site, each in serving.items() if site not in centres})
    return {**outer, **inner}


def _serving(site: str, inventory: Inventory, there: frozenset[str]) -> Iterator[str]:
    """The routers of a site that serve its LANs or zones; all where it has none of these."""
    profile = inventory.profiles[inventory.sites[site].profile].devices
    trunks = [name for name, device in profile.items() if device.trunk is not None]
    return (hostname for name in trunks or profile if (hostname := f"{site}-{name}") in there)


def _network(inventory: Inventory, there: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Who is next to whom: a circuit stands between its routers, a cable joins two of them."""
    known: Mapping[str, Device] = {device.hostname: device for device in devices(inventory)}
    for link in links(inventory):
        a, z = link.a.device.hostname, link.z.device.hostname
        if a in known and z in known and {a, z} <= there:
            circuit = [_circuit(link.id)] if link.kind == "circuit" else []
            way = [_router(a), *circuit, _router(z)]
            yield from pairwise(way)


def _dominating(
    network: list[tuple[str, str]], starts: list[str], sites: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_node(ROOT)
    graph.add_edges_from(network)
    graph.add_edges_from((z, a) for a, z in network)
    graph.add_edges_from((ROOT, _router(start)) for start in starts)
    for site, routers in sites.items():
        graph.add_edges_from((_router(router), _site(site)) for router in routers)
    above = networkx.immediate_dominators(graph, ROOT)
    return {site: tuple(_chain(above, _site(site))) for site in sites if _site(site) in above}


def _chain(above: Mapping[str, str | None], node: str) -> Iterator[str]:
    """Everything between the root and a site, without the kinds in front."""
    found: list[str] = []
    while (over := above[node]) not in (None, ROOT):
        node = over or ROOT
        found.append(node.partition(" ")[2])
    return reversed(found)


def _router(hostname: str) -> str:
    return f"router {hostname}"


def _circuit(key: str) -> str:
    return f"circuit {key}"


def _site(key: str) -> str:
    return f"site {key}"
