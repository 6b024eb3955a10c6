"""docs/metrics.md, from the catalogue."""

from __future__ import annotations

from exporters.catalogue import GROUPS
from exporters.catalogue.metric import Group, Metric


def page() -> str:
    """docs/metrics.md."""
    head = (
        "# Metrics\n\nEvery metric of every exporter. Written by `python -m exporters.catalogue`; a test "
        "keeps it true.\nHow they are served is in [exporters.md](exporters.md).\n"
    )
    return head + "".join(map(_section, GROUPS.values()))


def _section(group: Group) -> str:
    title = f"{group.name} (port {group.port})" if group.port else group.name
    about = f"\n## {title}\n{group.about[:1].upper()}{group.about[1:]}.\n"
    if not group.metrics:
        return f"{about}\nNo metrics beside those of every exporter.\n"
    rows = "".join(map(_row, group.metrics))
    return f"{about}\n| metric | kind | labels | unit | meaning |\n| --- | --- | --- | --- | --- |\n{rows}"


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    cells = (f"`{metric.name}`", metric.kind, labels, metric.unit.replace("_", " "), metric.help)
    return f"| {' | '.join(cells)} |\n"
