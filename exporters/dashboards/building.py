"""A board → what Grafana reads, by Grafana's own library: what is the same in all boards is decided here."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
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
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from exporters.dashboards.maps import map_of
from exporters.dashboards.model import (
    Board,
    Column,
    Graph,
    Map,
    Panel,
    Query,
    Stat,
    Table,
    Text,
    Timeline,
    Variable,
)
from exporters.dashboards.pieces import (
    SOURCE,
    asked,
    changed,
    linked,
    mappings,
    numbered,
    thresholds,
    to_board,
    value_name,
)
from exporters.dashboards.words import LINKS, MEANT
from infra_ctl.inventory.kinds import Language

COLOURED = {"type": "color-text"}
"""How a cell of a table is told from others."""
TAG = "infra-ctl"
"""All boards have it, and each links to whatever has it."""
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
        if not isinstance(panel, Map) and panel.empty is not None:
            written.no_value(panel.empty.to(self.language))
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
                return map_of(panel, self.language)

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
            .thresholds(thresholds(panel.steps))
        )
        if panel.decimals is not None:
            written.decimals(panel.decimals)
        if panel.steps:
            style = make.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
            written.thresholds_style(style)
        for ref, query in numbered(panel.queries):
            written.with_target(asked(query, ref, self.language).range())
            if query.is_limit:
                written.override_by_query(ref, _LIMIT_LINE)
        for legend, text in panel.names.items():
            written.override_by_name(legend, [changed("displayName", text.to(self.language))])
        return written

    def _stat(self, panel: Stat) -> stat.Panel:
        coloured = panel.steps or panel.states
        mode = common.BigValueColorMode.BACKGROUND if coloured else common.BigValueColorMode.VALUE
        written = (
            stat.Panel()
            .unit(panel.unit)
            .mappings([*mappings(panel.states, self.language), *self._beyond(panel)])
            .thresholds(thresholds(panel.steps))
            .color_mode(mode)
            .graph_mode(common.BigValueGraphMode.NONE if panel.states else common.BigValueGraphMode.AREA)
            .justify_mode(common.BigValueJustifyMode.AUTO)
            .text_mode(common.BigValueTextMode.AUTO)
            .orientation(common.VizOrientation.AUTO)
            .percent_change_color_mode(common.PercentChangeColorMode.STANDARD)
            .wide_layout(True)
            .show_percent_change(False)
            .reduce_options(make.ReduceDataOptions().calcs(["lastNotNull"]))
            .with_target(asked(panel.query, "A", self.language).range())
        )
        if panel.board:
            written.override_by_query("A", to_board(panel.board, panel.title.to(self.language)))
        return written

    def _beyond(self, panel: Stat) -> list[model.ValueMapping]:
        if panel.beyond is None:
            return []
        least, text, colour = panel.beyond
        result = model.ValueMappingResult(text=text.to(self.language), color=colour)
        options = model.DashboardRangeMapOptions(from_val=least, to=None, result=result)
        return [model.RangeMap(options)]

    def _timeline(self, panel: Timeline) -> statetimeline.Panel:
        return (
            statetimeline.Panel()
            .unit("none")
            .mappings(mappings(panel.states, self.language))
            .thresholds(thresholds(()))
            .show_value(common.VisibilityMode.NEVER)
            .row_height(0.9)
            .merge_values(True)
            .legend(_legend())
            .tooltip(_tooltip())
            .with_target(asked(panel.query, "A", self.language).range())
        )

    def _table(self, panel: Table) -> table.Panel:
        """One row a set of labels, whatever columns there are for it."""
        order = make.TableSortByFieldState()
        worst = (panel.by or panel.columns[panel.worst].title).to(self.language)
        is_descending = panel.by is None and not panel.is_lowest_worst
        written = (
            table.Panel()
            .unit("none")
            .thresholds(thresholds(()))
            .frame_index(0)
            .show_header(True)
            .cell_options(common.TableAutoCellOptions())
            .sort_by([order.display_name(worst).desc(is_descending)])
            .with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
            .with_transformation(self._organised(panel))
        )
        for ref, column in numbered(panel.columns):
            written.with_target(self._cells(column, ref))
            written.override_by_name(column.title.to(self.language), self._column(column))
        for title in panel.labels.values():
            if title in LINKS:
                written.override_by_name(title.to(self.language), linked(*LINKS[title]))
            if title in MEANT:
                words = mappings(MEANT[title], self.language)
                properties = [changed("mappings", words), changed("custom.cellOptions", COLOURED)]
                written.override_by_name(title.to(self.language), properties)
        return written

    def _organised(self, panel: Table) -> model.DataTransformerConfig:
        values = {value_name(ref, panel.columns): column.title for ref, column in numbered(panel.columns)}
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
        return asked(Query(column.expr, ""), ref, self.language).instant().format(PromQueryFormat.TABLE)

    def _column(self, column: Column) -> list[model.DynamicConfigValue]:
        found = [changed("unit", column.unit)]
        if column.states:
            found.append(changed("mappings", mappings(column.states, self.language)))
        if column.steps:
            found.append(changed("thresholds", thresholds(column.steps).build()))
        if column.states or column.steps:
            found.append(changed("custom.cellOptions", COLOURED))
        if column.empty is not None:
            found.append(changed("noValue", column.empty.to(self.language)))
        return found


_LIMIT_LINE = [
    changed("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
    changed("custom.fillOpacity", 0),
    changed("color", {"mode": "fixed", "fixedColor": "red"}),
]


def _colours(panel: Panel) -> model.FieldColorModeId:
    """Lines by their name, everything else by what its value means."""
    modes = model.FieldColorModeId
    return modes.PALETTE_CLASSIC if isinstance(panel, Graph) else modes.THRESHOLDS


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
