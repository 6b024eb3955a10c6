"""What panels of all kinds are made of: queries, thresholds, words for values, links."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import dashboard, prometheus
    from grafana_foundation_sdk.models import common
    from grafana_foundation_sdk.models import dashboard as model

from exporters.dashboards.model import Query, States, Steps, Text
from exporters.dashboards.words import LIMIT
from infra_ctl.inventory.kinds import Language

SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")


def asked(query: Query, ref: str, language: Language) -> prometheus.Dataquery:
    """A query, with what its series are called."""
    legend = query.legend.to(language) if isinstance(query.legend, Text) else query.legend
    if query.is_limit:
        legend = f"{legend} {LIMIT.to(language)}".strip()
    made = prometheus.Dataquery().expr(query.expr).ref_id(ref).datasource(SOURCE)
    if legend:
        made.legend_format(legend)
    return made.interval(query.every) if query.every else made


def mappings(states: States, language: Language) -> list[model.ValueMapping]:
    """Words and colours for values."""
    if not states:
        return []
    options = {
        str(value): model.ValueMappingResult(text=text.to(language), color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(states.items())
    }
    return [model.ValueMap(options)]


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """Green below the first, unless the first is without an end below."""
    has_base = bool(steps) and steps[0][0] == float("-inf")
    base, rest = (steps[0][1], steps[1:]) if has_base else ("green", steps)
    found = [model.Threshold(value=None, color=base), *(model.Threshold(*step) for step in rest)]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def numbered(each: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """With the letters that Grafana knows queries by."""
    return zip("ABCDEFGHIJKL"[: len(each)], each, strict=True)


def value_name(ref: str, queries: tuple[Any, ...]) -> str:
    """What Grafana calls the column of values of one of these queries."""
    return f"Value #{ref}" if len(queries) > 1 else "Value"


def changed(name: str, value: object) -> model.DynamicConfigValue:
    """What is otherwise than the panel has it."""
    return model.DynamicConfigValue(id_val=name, value=value)


def linked(uid: str, variable: str) -> list[model.DynamicConfigValue]:
    """To the board of what a cell names, at the time that is looked at."""
    url = f"/d/{uid}?var-{variable}=${{__value.text}}&${{datasource:queryparam}}&${{__url_time_range}}"
    return [changed("links", [{"title": "${__value.text}", "url": url}])]


def to_board(uid: str, title: str) -> list[model.DynamicConfigValue]:
    """To a board as a whole, with what is chosen here."""
    url = f"/d/{uid}?${{datasource:queryparam}}&${{pop:queryparam}}&${{__url_time_range}}"
    return [changed("links", [{"title": title, "url": url}])]
