"""`extends` in profiles.yaml: a profile lies on the one that it extends, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from infra_ctl.errors import Problem
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.records import Entry, Node, Record, problem

_KEY = "extends"


def extended(records: Mapping[str, Record]) -> tuple[dict[str, Record], list[Problem]]:
    """Profiles with what they extend laid beneath them; what a profile says itself wins.

    Values keep the places where they were written. In a circle none can be resolved: then there are none.
    """
    parents = {key: parent for key, record in records.items() if (parent := _parent(record)) is not None}
    problems = [
        problem(records[key], (_KEY,), f"profile {parent!r} does not exist{did_you_mean(parent, records)}")
        for key, parent in parents.items()
        if parent not in records
    ]
    known = {key: parent for key, parent in parents.items() if parent in records}
    try:
        order = list(TopologicalSorter({key: [parent] for key, parent in known.items()}).static_order())
    except CycleError as error:
        circle = [str(key) for key in reversed(error.args[1])]
        message = f"profiles extend each other: {' → '.join(circle)}"
        return {}, [*problems, problem(records[circle[0]], (_KEY,), message)]
    done: dict[str, Record] = {}
    for key in order:
        done[key] = _merged(records[key], done[known[key]] if key in known else None)
    return {key: done.get(key) or _merged(records[key], None) for key in records}, problems


def _parent(record: Record) -> str | None:
    values = record.value()
    parent = values.get(_KEY) if isinstance(values, dict) else None
    return parent if isinstance(parent, str) else None


def _merged(record: Record, parent: Record | None) -> Record:
    if not isinstance(record, Entry) or not isinstance(record.node.content, dict):
        return record
    inherited = parent.node.content if isinstance(parent, Entry) else None
    own = {key: item for key, item in record.node.content.items() if key != _KEY}
    content = {**inherited, **own} if isinstance(inherited, dict) else own
    return Entry(record.file, record.start, Node(record.node.place, content))
