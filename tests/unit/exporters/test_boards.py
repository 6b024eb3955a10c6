"""Boards as Grafana will read them: its own schema, its linter's rules, and metrics that there are."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from jsonschema import Draft7Validator

from exporters.catalogue import GROUPS, METRICS, Kind
from exporters.dashboards import boards
from infra_ctl.city import City, load_city
from infra_ctl.errors import UnusableError
from infra_ctl.inventory.monitoring import Thresholds
from infra_ctl.monitor.boards import filled, queries
from infra_ctl.monitor.grafana import Board
from infra_ctl.monitor.rules import rule_files
from tests.unit.monitor.test_metrics import OTHERS, selectors, series

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "tests/cases/grafana/schema.json").read_text(encoding="utf-8"))
PARTS = SCHEMA["definitions"]["Board"]["properties"]
UIDS = {
    "infra-city",
    "infra-site",
    "infra-circuit",
    "infra-video",
    "infra-datacentre",
    "infra-ipv6",
    "infra-compliance",
    "infra-runs",
}
"""For ever: people keep links to them."""
NODE = {
    "node_cpu_seconds_total",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes",
}
"""Of node_exporter, which test_boards_asked has a real one of."""
EVERY = {"path": 15, "video": 30, "controller": 30, "every": 30, "state": 60}
"""Seconds between scrapes, by exporter, as the inventory has them without saying so."""
MADE = {language: boards(language, Thresholds()) for language in ("en", "vi")}  # type: ignore[arg-type]
BOTH = [(language, uid) for language in MADE for uid in sorted(UIDS)]


@pytest.fixture(params=sorted(UIDS))
def board(request: pytest.FixtureRequest) -> Board:
    return MADE["en"][request.param]


def panels(board: Board) -> Iterator[Board]:
    return (panel for panel in board["panels"] if panel["type"] != "row")


def expressions(board: Board) -> Iterator[str]:
    for panel in panels(board):
        for target in panel["targets"]:
            yield target["expr"]


def faults(board: Board) -> list[str]:
    """What Grafana's own types have against a board, its panels' options and its queries."""
    found = [*_against(PARTS["dashboard"], board)]
    for panel in panels(board):
        kind = panel["type"]
        if kind not in PARTS["options"]["properties"]:
            found.append(f"no options are known of {kind}")
            continue
        found += _against(PARTS["options"]["properties"][kind], panel.get("options", {}))
        if kind in PARTS["custom"]["properties"]:
            custom = panel["fieldConfig"]["defaults"].get("custom", {})
            found += _against(PARTS["custom"]["properties"][kind], custom)
        for target in panel["targets"]:
            found += _against(PARTS["query"], target)
    return found


def _against(schema: Mapping[str, Any], value: object) -> Iterator[str]:
    return (
        f"{error.json_path}: {error.message[:200]}" for error in Draft7Validator(schema).iter_errors(value)
    )


@pytest.mark.parametrize(("language", "uid"), BOTH)
def test_grafanas_own_schema_has_nothing_against_it(language: str, uid: str) -> None:
    assert faults(MADE[language][uid]) == []


def spoilt(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Puts a value where the path says, the last name being of a mapping."""

    def spoil(board: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = board
        for step in way:
            place = place[int(step)] if step.isdigit() else place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        spoilt("refresh", 60),
        spoilt("titel", "City"),
        spoilt("graphTooltip", 7),
        spoilt("panels.1.options", None),
        spoilt("panels.1.options.graphMode", "lines"),
        spoilt("panels.1.options.colour", "red"),
        spoilt("panels.1.fieldConfig.defaults.thresholds.mode", "relative"),
        spoilt("panels.1.targets.0.refId", None),
        spoilt("panels.1.targets.0.expression", "up"),
        spoilt("panels.1.type", "stats"),
        spoilt("panels.1.gridPos.w", "wide"),
        spoilt("templating.list.0.type", "data source"),
        spoilt("annotations.list.0.iconColor", None),
        spoilt("links.0.keepTime", "yes"),
    ],
)
def test_what_grafana_would_not_understand_is_found(spoil: Callable[[dict[str, Any]], None]) -> None:
    board = copy.deepcopy(dict(MADE["en"]["infra-city"]))
    spoil(board)
    assert faults(board)


def test_nothing_is_no_good_zero(board: Board) -> None:
    """A number that is there whatever is measured is green while nothing is."""
    assert [each for each in expressions(board) if "vector(" in each] == []


def test_uids_are_kept_and_titles_differ() -> None:
    for made in MADE.values():
        assert {uid: each["uid"] for uid, each in made.items()} == {uid: uid for uid in UIDS}
        assert len({each["title"] for each in made.values()}) == len(UIDS)


def test_every_query_is_promql(board: Board) -> None:
    for query in queries(board, {"site": "dc"}):
        promql_parser.parse(query.expr)


def test_what_is_no_promql_and_no_variable_is_found() -> None:
    broken = copy.deepcopy(dict(MADE["en"]["infra-city"]))
    spoilt("panels.1.targets.0.expr", "sum(rate(infra_runs_total[5m])")(broken)
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        test_every_query_is_promql(broken)
    with pytest.raises(UnusableError, match=r"\$__rate_intervall is no variable"):
        filled("rate(up[$__rate_intervall])", {})


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(ROOT / "inventory")


@pytest.fixture(scope="module")
def recorded(city: City) -> dict[str, str]:
    """Expressions of the recording rules by what they record."""
    groups = (group for file in rule_files(city) for group in yaml.safe_load(file.text())["groups"])
    return {rule["record"]: rule["expr"] for group in groups for rule in group["rules"] if "record" in rule}


def asked(board: Board) -> Iterator[Any]:
    """Selectors of all queries."""
    for query in queries(board, {"site": "dc"}):
        yield from selectors(query.expr)


def test_every_metric_is_exposed_or_recorded(board: Board, recorded: dict[str, str]) -> None:
    known = {name for name, _ in series()} | set(recorded) | OTHERS | NODE
    assert {each.name for each in asked(board)} - known == set()


def test_ours_are_asked_for_by_labels_that_they_have(board: Board) -> None:
    labels = dict(series())
    for each in asked(board):
        if each.name in labels:
            assert {match.name for match in each.matchers.matchers} <= labels[each.name], each.name


def test_what_no_board_shows_is_listed(recorded: dict[str, str]) -> None:
    """Through a recording rule it is shown too."""
    shown, more = set[str](), {each.name for board in MADE["en"].values() for each in asked(board)}
    while more:
        shown |= more
        rules = (recorded[name] for name in more if name in recorded)
        more = {each.name for expr in rules for each in selectors(expr)} - shown
    bases = {re.sub("_(bucket|sum|count)$", "", name) for name in shown}
    page = (ROOT / "docs/dashboards.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert listed == set(METRICS) - bases


def test_what_may_rightly_be_empty_is_listed() -> None:
    """A panel or a column that says what it says then; nothing else may be."""
    said = {
        (uid, query.panel, query.empty)
        for uid, made in MADE["en"].items()
        for query in queries(made, {})
        if query.empty
    }
    page = (ROOT / "docs/dashboards.md").read_text(encoding="utf-8")
    assert said == set(re.findall(r"^\| `(infra-\w+)` \| ([^|]+) \| “(.+)” \|", page, re.MULTILINE))


def test_the_data_source_is_chosen_by_the_reader(board: Board) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    first, *rest = board["templating"]["list"]
    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")
    assert all(each["datasource"] == chosen for each in (*rest, *board["annotations"]["list"]))
    for panel in panels(board):
        assert panel["datasource"] == chosen
        assert all(target["datasource"] == chosen for target in panel["targets"])


def test_every_panel_has_a_title_a_description_and_a_unit(board: Board) -> None:
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(titles)) == len(titles)
    for panel in panels(board):
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]


def test_rates_go_by_the_interval_of_what_they_are_of(board: Board) -> None:
    intervals = {metric.name: EVERY[group] for group, metric in _grouped()}
    for panel in panels(board):
        for target in panel["targets"]:
            expr, every = target["expr"], _seconds(target.get("interval", "15s"))
            assert not re.search(r"\b(rate|irate)\([^\[]*\[(?!\$__rate_interval\])", expr), expr
            if "$__rate_interval" in expr:
                names = {re.sub("_bucket$", "", each.name) for each in selectors(filled(expr, {}))}
                scraped = [60 if name.startswith("node_") else intervals.get(name, 15) for name in names]
                assert every >= max(scraped), expr


def _grouped() -> Iterator[tuple[str, Any]]:
    return ((group.name, metric) for group in GROUPS.values() for metric in group.metrics)


def _seconds(span: str) -> int:
    return int(span[:-1]) * {"s": 1, "m": 60}[span[-1]]


def test_counters_are_never_shown_as_they_are(board: Board) -> None:
    counters = {metric.name for metric in METRICS.values() if metric.kind is Kind.COUNTER}
    counters |= {f"{m.name}_bucket" for m in METRICS.values() if m.kind is Kind.HISTOGRAM}
    for expr in expressions(board):
        for name in counters:
            for match in re.finditer(rf"\b{name}\b", expr):
                assert re.search(r"\b(rate|increase)\($", expr[: match.start()]), expr


def test_panels_lie_beside_each_other_and_have_numbers_of_their_own(board: Board) -> None:
    ids = [panel["id"] for panel in panels(board)]
    assert len(set(ids)) == len(ids)
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


def test_runs_are_marked_and_the_other_boards_are_one_click_away(board: Board) -> None:
    (mark,) = board["annotations"]["list"]
    assert "infra_run_last_end_timestamp_seconds" in mark["target"]["expr"]
    assert mark["useValueForTime"]
    (link,) = board["links"]
    assert (link["type"], link["tags"], link["keepTime"], link["includeVars"]) == (
        "dashboards",
        board["tags"],
        True,
        True,
    )


@pytest.fixture
def city_map() -> Board:
    (found,) = (each for each in panels(MADE["en"]["infra-city"]) if each["type"] == "geomap")
    return found


def test_points_of_a_map_are_coloured_by_what_was_asked_for_them(city_map: Board) -> None:
    lines, *points = city_map["options"]["layers"]
    nodes, edges, *refs = [target["refId"] for target in city_map["targets"]]
    assert [layer["filterData"] for layer in points] == [{"id": "byRefId", "options": ref} for ref in refs]
    assert [layer["config"]["style"]["color"]["field"] for layer in points] == [
        f"Value #{ref}" for ref in refs
    ]
    assert (lines["type"], nodes, edges) == ("network", "nodes", "edges"), "as Grafana knows them"
    assert [
        bool(re.fullmatch(lines["filterData"]["options"].strip("/"), each)) for each in (nodes, edges, *refs)
    ] == [
        *(True, True),
        *(False for _ in refs),
    ]
    assert lines["config"]["edgeStyle"]["color"]["field"] == f"Value #{edges}"
    assert city_map["options"]["view"]["layer"] in {layer["name"] for layer in points}


def test_coordinates_are_numbers_and_no_measurements(city_map: Board) -> None:
    """They are labels, and so are texts; as numbers they would be shown as a share, and coloured."""
    (made,) = city_map["transformations"]
    assert made["options"]["conversions"] == [
        {"targetField": name, "destinationType": "number"} for name in ("latitude", "longitude")
    ]
    own = {each["matcher"]["options"]: each["properties"] for each in city_map["fieldConfig"]["overrides"]}
    for name in ("latitude", "longitude"):
        assert {"id": "unit", "value": "none"} in own[name]


def test_links_of_cells_lead_to_boards_that_take_them(board: Board) -> None:
    found = re.findall(r"/d/([\w-]+)\?(?:var-(\w+)=)?", json.dumps(board))
    for uid, variable in found:
        assert variable in {"", *(each["name"] for each in MADE["en"][uid]["templating"]["list"])}
    assert found or board["uid"] not in {"infra-city", "infra-site", "infra-video"}


def test_variables_are_those_that_there_are(board: Board) -> None:
    chosen = {each["name"] for each in board["templating"]["list"]}
    for expr in expressions(board):
        assert set(re.findall(r"\$(?!__)\{?([a-z]\w*)", expr)) <= chosen, expr
    asked_for = " ".join([*expressions(board), json.dumps(board["templating"])])
    assert all(f"${name}" in asked_for for name in chosen - {"datasource"})


def test_both_languages_ask_the_same_and_say_it_in_their_own_words(board: Board) -> None:
    other = MADE["vi"][board["uid"]]
    assert list(expressions(board)) == list(expressions(other))
    assert board["title"] != other["title"]
    for one, two in zip(board["panels"], other["panels"], strict=True):
        assert one["title"] != two["title"]
        assert one.get("description", "") != two.get("description", "") or one["type"] == "row"


def test_limits_are_the_inventorys() -> None:
    limits = Thresholds(load="70%", backup="3h", certificate="30d", parity="2%")

    def steps(uid: str) -> str:
        return json.dumps([panel["fieldConfig"] for panel in panels(boards("en", limits)[uid])])

    assert '"value": 0.7' in steps("infra-circuit")
    assert '"value": 10800' in steps("infra-datacentre")
    assert '"value": 30.0' in steps("infra-video")
    assert '"value": 0.02' in steps("infra-ipv6")
    assert "<= bool 0.7" in json.dumps(boards("en", limits)["infra-compliance"])
