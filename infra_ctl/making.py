"""Make before break: a link that carries management goes only once what takes its place is confirmed.

A circuit that takes another's place is one edit of the inventory and two runs. The first one makes the new
link and keeps the old one's lines at both ends; the second, planned anew from what the devices run by then,
removes them. Both are plans like any other, and the controller keeps a way to every device in each state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from infra_ctl.change import normal
from infra_ctl.change.normal import Normal
from infra_ctl.change.outgoing import keeping
from infra_ctl.change.plan import Plan, Status
from infra_ctl.change.topology import Topology
from infra_ctl.change.unmanaged import keep
from infra_ctl.change.wiring import wires
from infra_ctl.network import Network
from infra_ctl.plan import Judged, Planner, assemble, to_be


def made_first(
    planner: Planner, judged: Mapping[str, Judged], direct: Plan, on_done: Callable[[str], None]
) -> tuple[Plan, Mapping[str, Judged]]:
    """The first of two runs that do what `direct` does and break nothing, with its devices as they judged it.

    Where there is none it is `direct` itself, with the reason.
    """
    network = planner.network(judged)
    running = {each.hostname: judged[each.hostname].form for each in direct.changed}
    candidates = {each.hostname: normal.parse(each.candidate) for each in direct.changed}
    topology, intended = Topology(network.routers, network.wires), wires(planner.city.intents)
    try:
        kept = keeping(topology, network.wires, intended, running, candidates)
    except ValueError as why:
        return _unmade(direct, str(why)), judged
    if not kept.links:
        return direct, judged
    again = planner.each(kept.lines, lambda host: _staged(planner, judged[host], kept.lines[host]), on_done)
    told = {**judged, **again}
    first = assemble(planner, told, direct.context, direct.selector, kept.links)
    if not first.changed:
        return direct, judged
    if why_not := _objection(network, direct, first):
        return _unmade(direct, why_not), judged
    return first, told


def _unmade(direct: Plan, why: str) -> Plan:
    return direct.model_copy(update={"unmade": why})


def _staged(planner: Planner, old: Judged, lines: Normal) -> Judged:
    """A device's verdict on what it is to run for now."""
    planned = old.planned
    with planner.fleet.open(planned.hostname) as device:
        intent = planner.city.intents[planned.hostname]
        staged = planner.staged(device, intent, keep(planned.candidate, lines), old.running)
    told = {"foreign": planned.foreign, "kept": tuple(map(normal.path, lines))}
    return Judged(staged.model_copy(update=told), old.running, None, form=old.form)


def _objection(network: Network, direct: Plan, first: Plan) -> str:
    """Why two runs are no better than one; empty where they are."""
    if first.breaks:
        return f"also with {', '.join(first.kept)} kept: {first.breaks[0]}"
    failed = {each.hostname for each in first.devices if each.status is Status.FAILED}
    if failed - {each.name for each in direct.failed}:
        return f"{min(failed)} refuses to have both"
    second = network.lost(direct, to_be(direct), to_be(first))
    return f"nothing takes the place of {', '.join(first.kept)}: {second[0]}" if second else ""
