"""An exporter's page as a parser that is not ours reads it, from within the namespace that it serves."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import TypeAlias

from prometheus_client.parser import text_string_to_metric_families

from infra_ctl.lab import namespace

Samples: TypeAlias = Mapping[tuple[str, ...], float]
"""By a metric's name and its labels' values, in the order of the page."""


def scraped(inside: str, port: int) -> Samples:
    """Nothing while nobody listens."""
    with namespace.inside(inside):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        except ConnectionRefusedError:
            return {}
        finally:
            connection.close()
    families = text_string_to_metric_families(text)
    samples = (sample for family in families for sample in family.samples)
    return {(each.name, *each.labels.values()): each.value for each in samples}


def named(samples: Samples, ending: str) -> Samples:
    """Those whose metric's name ends so."""
    return {key: value for key, value in samples.items() if key[0].endswith(ending)}
