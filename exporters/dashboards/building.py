"""A board → what Grafana reads, by Grafana's own library: what is the same in all boards is decided here."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

with warnings.catch_warnings():
    # It would have us write the second schema, which Grafana before 12 cannot read.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import common as make
    from grafana_foundation_sdk.builders import (
        dashboard,
        geomap,
        prometheus,
        stat,
        statetimeline,
        table,
        timeseries,
    )
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import common
    from grafana_foundation_sdk.models import dashboard as model
    from grafana_foundation_sdk.models import geomap as geomap_model
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from exporters.dashboards.model import (
    Board,
    Column,
    Graph,
    Layer,
    Map,
    Panel,
    Query,
    Stat,
    States,
    Steps,
    Table,
    Text,
    Timeline,
    Variable,
)
from exporters.dashboards.words import LIMIT, LINKS
from infra_ctl.monitor.grafana import Language

TAG = "infra-ctl"
"""All boards have it, and each links to whatever has it."""
SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
BOARDS = Text("Other boards", "Các bảng khác")
SOURCE_NAME = Text("Data source", "Nguồn dữ liệu")
RUNS = Text("Runs", "Lần chạy")
RUN_ENDED = Text("A run ended: {{kind}}", "Kết thúc lần chạy: {{kind}}")
LAST_RUN = "1000 * max by (kind) (infra_run_last_end_timestamp_seconds)"
"""In milliseconds, since Grafana takes the value for the time at which it happened."""

Built: TypeAlias = timeseries.Panel | stat.Panel | statetimeline.Panel | table.Panel | geomap.Panel


def built(board: Board, language: Language) -> Mapping[str, Any]:
    """As Grafana keeps it. The same board gives the same bytes."""
    made = (
        dashboard.Dashboard(board.title.to(language))
        .uid(board.uid)
        .description(board.about.to(language))
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .refresh("1m")
        .time(board.since, "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(_other_boards(language))
        .annotation(_runs(language))
        .with_variable(_datasource(language))
    )
    for variable in board.variables:
        made.with_variable(_variable(variable, language))
    writer, number = _Writer(language), 0
    for row in board.rows:
        made.with_row(dashboard.Row(row.title.to(language)))
        for panel in row.panels:
            number += 1
            made.with_panel(writer.panel(panel).id(number))
    return _lean(json.loads(json.dumps(made.build(), cls=JSONEncoder)))


def _lean(board: dict[str, Any]) -> Mapping[str, Any]:
    """Without what the library writes unasked, and Grafana's own types do not have."""
    for variable in board["templating"]["list"]:
        for name in ("auto", "auto_min", "auto_count"):
            variable.pop(name, None)
    for panel in board["panels"]:
        panel.get("options", {}).pop("footer", None)
    return board


@dataclass(frozen=True, slots=True)
class _Writer:
    """Panels in one language."""

    language: Language

    def panel(self, panel: Panel) -> Built:
        written = self._written(panel)
        written.title(panel.title.to(self.language)).description(panel.about.to(self.language))
        written.datasource(SOURCE).span(panel.width).height(panel.height)
        written.color_scheme(dashboard.FieldColor().mode(_colours(panel)))
        return written

    def _written(self, panel: Panel) -> Built:
        match panel:
            case Graph():
                return self._graph(panel)
            case Stat():
                return self._stat(panel)
            case Timeline():
                return self._timeline(panel)
            case Table():
                return self._table(panel)
            case Map():
                return self._map(panel)

    def _graph(self, panel: Graph) -> timeseries.Panel:
        written = (
            timeseries.Panel()
            .unit(panel.unit)
            .legend(_legend())
            .tooltip(_tooltip())
            .fill_opacity(8)
            .line_width(1)
            .axis_soft_min(0)
            .show_points(common.VisibilityMode.AUTO)
            .thresholds(_thresholds(panel.steps))
        )
        if panel.decimals is not None:
            written.decimals(panel.decimals)
        if panel.steps:
            style = make.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
            written.thresholds_style(style)
        for ref, query in _numbered(panel.queries):
            written.with_target(self._query(query, ref).range())
            if query.is_limit:
                written.override_by_query(ref, _LIMIT_LINE)
        return written

    def _stat(self, panel: Stat) -> stat.Panel:
        coloured = panel.steps or panel.states
        mode = common.BigValueColorMode.BACKGROUND if coloured else common.BigValueColorMode.VALUE
        return (
            stat.Panel()
            .unit(panel.unit)
            .mappings(self._mappings(panel.states))
            .thresholds(_thresholds(panel.steps))
            .color_mode(mode)
            .graph_mode(common.BigValueGraphMode.NONE if panel.states else common.BigValueGraphMode.AREA)
            .justify_mode(common.BigValueJustifyMode.AUTO)
            .text_mode(common.BigValueTextMode.AUTO)
            .orientation(common.VizOrientation.AUTO)
            .percent_change_color_mode(common.PercentChangeColorMode.STANDARD)
            .wide_layout(True)
            .show_percent_change(False)
            .reduce_options(make.ReduceDataOptions().calcs(["lastNotNull"]))
            .with_target(self._query(panel.query, "A").range())
        )

    def _timeline(self, panel: Timeline) -> statetimeline.Panel:
        return (
            statetimeline.Panel()
            .unit("none")
            .mappings(self._mappings(panel.states))
            .thresholds(_thresholds(()))
            .show_value(common.VisibilityMode.NEVER)
            .row_height(0.9)
            .merge_values(True)
            .legend(_legend())
            .tooltip(_tooltip())
            .with_target(self._query(panel.query, "A").range())
        )

    def _table(self, panel: Table) -> table.Panel:
        """One row a set of labels, whatever columns there are for it."""
        order = make.TableSortByFieldState()
        worst = panel.columns[panel.worst].title.to(self.language)
        written = (
            table.Panel()
            .unit("none")
            .thresholds(_thresholds(()))
            .frame_index(0)
            .show_header(True)
            .cell_options(common.TableAutoCellOptions())
            .sort_by([order.display_name(worst).desc(not panel.is_lowest_worst)])
            .with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
            .with_transformation(self._organised(panel))
        )
        for ref, column in _numbered(panel.columns):
            written.with_target(self._cells(column, ref))
            written.override_by_name(column.title.to(self.language), self._column(column))
        for title in panel.labels.values():
            if title in LINKS:
                written.override_by_name(title.to(self.language), _linked(*LINKS[title]))
        return written

    def _organised(self, panel: Table) -> model.DataTransformerConfig:
        values = {_value(ref, panel.columns): column.title for ref, column in _numbered(panel.columns)}
        named = {**panel.labels, **values}
        return model.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: index for index, name in enumerate(named)},
                "renameByName": {name: title.to(self.language) for name, title in named.items()},
            },
        )

    def _cells(self, column: Column, ref: str) -> prometheus.Dataquery:
        return self._query(Query(column.expr, ""), ref).instant().format(PromQueryFormat.TABLE)

    def _column(self, column: Column) -> list[model.DynamicConfigValue]:
        found = [_property("unit", column.unit)]
        if column.states:
            found.append(_property("mappings", self._mappings(column.states)))
        if column.steps:
            found.append(_property("thresholds", _thresholds(column.steps).build()))
        if column.states or column.steps:
            found.append(_property("custom.cellOptions", {"type": "color-text"}))
        return found

    def _map(self, panel: Map) -> geomap.Panel:
        written = (
            geomap.Panel()
            .unit(panel.unit)
            .thresholds(_thresholds(panel.steps))
            .view(geomap.MapViewConfig().id("fit").all_layers(True))
            .controls(geomap.ControlsOptions().show_zoom(True).mouse_wheel_zoom(False).show_attribution(True))
            .basemap(make.MapLayerOptions().type("default").name("basemap"))
            .tooltip(geomap.TooltipOptions().mode(geomap_model.TooltipMode.DETAILS))
            .layers([self._layer(layer, ref, panel) for ref, layer in _numbered(panel.layers)])
        )
        for ref, layer in _numbered(panel.layers):
            points = self._query(Query(layer.expr, layer.title), ref)
            written.with_target(points.instant().format(PromQueryFormat.TABLE))
        return written

    def _layer(self, layer: Layer, ref: str, panel: Map) -> make.MapLayerOptions:
        style = {
            "color": {"field": _value(ref, panel.layers), "fixed": "green"},
            "opacity": 0.7,
            "size": {"fixed": layer.radius, "min": 2, "max": 20},
            "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
        }
        coordinates = make.FrameGeometrySource().mode(common.FrameGeometrySourceMode.COORDS)
        return (
            make.MapLayerOptions()
            .type("markers")
            .name(layer.title.to(self.language))
            .config({"showLegend": False, "style": style})
            .location(coordinates.latitude("latitude").longitude("longitude"))
            .filter_data({"id": "byRefId", "options": ref})
            .tooltip(True)
        )

    def _query(self, query: Query, ref: str) -> prometheus.Dataquery:
        legend = query.legend.to(self.language) if isinstance(query.legend, Text) else query.legend
        if query.is_limit:
            legend = f"{legend} {LIMIT.to(self.language)}".strip()
        made = prometheus.Dataquery().expr(query.expr).ref_id(ref).datasource(SOURCE)
        if legend:
            made.legend_format(legend)
        return made.interval(query.every) if query.every else made

    def _mappings(self, states: States) -> list[model.ValueMapping]:
        if not states:
            return []
        options = {
            str(value): model.ValueMappingResult(text=text.to(self.language), color=colour, index=index)
            for index, (value, (text, colour)) in enumerate(states.items())
        }
        return [model.ValueMap(options)]


def _numbered(each: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    return zip("ABCDEFGHIJKL"[: len(each)], each, strict=True)


def _value(ref: str, queries: tuple[Any, ...]) -> str:
    """What Grafana calls the column of values of one of these queries."""
    return f"Value #{ref}" if len(queries) > 1 else "Value"


def _property(name: str, value: object) -> model.DynamicConfigValue:
    return model.DynamicConfigValue(id_val=name, value=value)


_LIMIT_LINE = [
    _property("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
    _property("custom.fillOpacity", 0),
    _property("color", {"mode": "fixed", "fixedColor": "red"}),
]


def _linked(uid: str, variable: str) -> list[model.DynamicConfigValue]:
    """To the board of what a cell names, at the time that is looked at."""
    url = f"/d/{uid}?var-{variable}=${{__value.text}}&${{datasource:queryparam}}&${{__url_time_range}}"
    return [_property("links", [{"title": "${__value.text}", "url": url}])]


def _colours(panel: Panel) -> model.FieldColorModeId:
    """Lines by their name, everything else by what its value means."""
    modes = model.FieldColorModeId
    return modes.PALETTE_CLASSIC if isinstance(panel, Graph) else modes.THRESHOLDS


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """Green below the first, unless the first is without an end below."""
    has_base = bool(steps) and steps[0][0] == float("-inf")
    base, rest = (steps[0][1], steps[1:]) if has_base else ("green", steps)
    found = [model.Threshold(value=None, color=base), *(model.Threshold(*step) for step in rest)]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def _legend() -> make.VizLegendOptions:
    return (
        make.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs([])
    )


def _tooltip() -> make.VizTooltipOptions:
    return make.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)


def _other_boards(language: Language) -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink(BOARDS.to(language))
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )


def _runs(language: Language) -> dashboard.AnnotationQuery:
    """When a run of the controller ended: what changed then is seen in every graph."""
    asked = prometheus.Dataquery().expr(LAST_RUN).ref_id("Anno").datasource(SOURCE)
    return (
        dashboard.AnnotationQuery()
        .name(RUNS.to(language))
        .datasource(SOURCE)
        .enable(True)
        .icon_color("blue")
        .target(asked)
        .title_format(RUN_ENDED.to(language))
        .use_value_for_time(True)
    )


def _datasource(language: Language) -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label(SOURCE_NAME.to(language)).type("prometheus")


def _variable(variable: Variable, language: Language) -> dashboard.QueryVariable:
    made = (
        dashboard.QueryVariable(variable.name)
        .label(variable.label.to(language))
        .datasource(SOURCE)
        .query({"query": variable.query, "refId": f"Variable-{variable.name}"})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.NATURAL_ASC)
        .multi(variable.many)
        .include_all(variable.many)
    )
    if variable.many:
        made.all_value(".*").current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    return made
