"""A map → Grafana's geomap: lines by its network layer, which draws graphs, and points over them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import common as make
    from grafana_foundation_sdk.builders import geomap
    from grafana_foundation_sdk.models import common
    from grafana_foundation_sdk.models import dashboard as model
    from grafana_foundation_sdk.models import geomap as geomap_model
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from exporters.dashboards.model import Lines, Map, Query
from exporters.dashboards.pieces import asked, changed, linked, numbered, thresholds
from exporters.dashboards.words import LINKS, SITE
from infra_ctl.inventory.kinds import Language
from infra_ctl.monitor.grafana import EDGES, NODES

LATITUDE, LONGITUDE = "latitude", "longitude"
CLOSEST = 14
"""A map of one place alone is not nearer: there is a street on it, and no house."""
_COORDINATES = make.FrameGeometrySource().mode(common.FrameGeometrySourceMode.COORDS)
_PLACE = _COORDINATES.latitude(LATITUDE).longitude(LONGITUDE)
_AS_NUMBERS = model.DataTransformerConfig(
    id_val="convertFieldType",
    options={
        "fields": {},
        "conversions": [{"targetField": name, "destinationType": "number"} for name in (LATITUDE, LONGITUDE)],
    },
)
"""Labels are texts."""
_UNSEEN = [
    changed("unit", "none"),
    changed("custom.hideFrom", {"legend": True, "tooltip": True, "viz": False}),
]
"""Of numbers that are no measurements."""


def map_of(panel: Map, language: Language) -> geomap.Panel:
    """In one language."""
    *_, fitted = panel.layers
    view = geomap.MapViewConfig().id("fit").all_layers(False).layer(fitted.title.to(language))
    written = (
        geomap.Panel()
        .unit(panel.unit)
        .thresholds(thresholds(panel.steps))
        .view(view.max_zoom(CLOSEST).padding(5))
        .controls(geomap.ControlsOptions().show_zoom(True).mouse_wheel_zoom(False).show_attribution(True))
        .basemap(make.MapLayerOptions().type("default").name("basemap"))
        .tooltip(geomap.TooltipOptions().mode(geomap_model.TooltipMode.DETAILS))
        .layers([_lines(panel.lines, language), *_points(panel, language)])
        .with_transformation(_AS_NUMBERS)
        .override_by_name("site", linked(*LINKS[SITE]))
    )
    for name in (LATITUDE, LONGITUDE):
        written.override_by_name(name, _UNSEEN)
    for ref, expr in _mapped(panel):
        written.with_target(asked(Query(expr, ""), ref, language).instant().format(PromQueryFormat.TABLE))
    return written


def _lines(lines: Lines, language: Language) -> make.MapLayerOptions:
    nodes = _style({"fixed": "gray"}, 1)
    edges = _style({"field": f"Value #{EDGES}", "fixed": "green"}, 2)
    return (
        make.MapLayerOptions()
        .type("network")
        .name(lines.title.to(language))
        .config({"showLegend": False, "style": nodes, "edgeStyle": edges, "arrow": 0})
        .location(_PLACE)
        .filter_data({"id": "byRefId", "options": f"/^({NODES}|{EDGES})$/"})
        .tooltip(False)
    )


def _points(panel: Map, language: Language) -> Iterator[make.MapLayerOptions]:
    for ref, layer in numbered(panel.layers):
        style = _style({"field": f"Value #{ref}", "fixed": "green"}, layer.radius)
        yield (
            make.MapLayerOptions()
            .type("markers")
            .name(layer.title.to(language))
            .config({"showLegend": False, "style": style})
            .location(_PLACE)
            .filter_data({"id": "byRefId", "options": ref})
            .tooltip(True)
        )


def _mapped(panel: Map) -> Iterator[tuple[str, str]]:
    """All queries of a map."""
    yield NODES, panel.lines.points
    yield EDGES, panel.lines.expr
    yield from ((ref, layer.expr) for ref, layer in numbered(panel.layers))


def _style(colour: Mapping[str, str], size: int) -> Mapping[str, object]:
    return {
        "color": colour,
        "opacity": 0.7,
        "size": {"fixed": size, "min": 1, "max": 20},
        "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
    }
