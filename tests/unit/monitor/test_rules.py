"""Each alert by promtool: it fires when it should, with its words, and at no other moment of its case."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra_ctl.city import City
from infra_ctl.errors import UnusableError
from infra_ctl.inventory.monitoring import LONGEST_INTERVAL, Intervals, Thresholds
from infra_ctl.monitor.inhibition import inhibitions
from infra_ctl.monitor.rules import filled, rule_files

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests/cases/rules"
RUNBOOKS = ROOT / "docs/runbooks"
PROMTOOL = shutil.which("promtool")
HEADINGS = ("What it means", "How to see it", "What to do", "Whom to wake", "When it is false")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

ORDER = (
    *("infra-interfaces", "infra-promises", "infra-registrars", "infra-places"),
    *("infra-paths", "infra-path-quality", "infra-traffic-samples", "infra-traffic"),
    *("infra-objectives", "infra-budgets", "infra-budgets-slow"),
)
"""What is recorded from what: without it promtool takes groups as they come, and figures differ by a step."""

with_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")


def cases() -> list[dict[str, Any]]:
    files = sorted(path for path in CASES.glob("*.yml") if path.stem != "facts")
    return [case for path in files for case in yaml.safe_load(path.read_text(encoding="utf-8"))]


ALL = cases()


def seconds(text: str) -> int:
    return int(text[:-1]) * SECONDS[text[-1]]


def as_promtool(case: dict[str, Any], runbooks: str) -> dict[str, Any]:
    """A case as a file of promtool's; `N` in its values is as long as it lasts."""
    fires, interval = case.get("fires"), case.get("interval", "15s")
    moments = [*case.get("silent", []), *([fires["at"]] if fires else [])]
    steps = str(max(map(seconds, moments)) // seconds(interval) + 1)
    facts = yaml.safe_load((CASES / "facts.yml").read_text(encoding="utf-8"))
    series = {**facts, **case["series"]}
    tests = [{"alertname": case["alert"], "eval_time": at, "exp_alerts": []} for at in case.get("silent", [])]
    if fires:
        words = {key: fires[key] for key in ("summary", "description")}
        words["runbook_url"] = f"{runbooks}/{case['alert']}.md"
        expected = {"exp_labels": fires["labels"], "exp_annotations": words}
        tests.append({"alertname": case["alert"], "eval_time": fires["at"], "exp_alerts": [expected]})
    return {
        "rule_files": [f"../rules/{name}.yml" for name in case.get("rules", ["*"])],
        "evaluation_interval": case.get("every", "15s"),
        "group_eval_order": list(ORDER),
        "tests": [
            {
                "interval": interval,
                "input_series": [
                    {"series": name, "values": re.sub(r"\bxN\b|(?<=\d)xN\b", f"x{steps}", str(values))}
                    for name, values in series.items()
                ],
                "alert_rule_test": tests,
            }
        ],
    }


@pytest.fixture(scope="module")
def rules(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(city, tmp_path_factory.mktemp("rules"))


def written(city: City, folder: Path) -> Path:
    """Its rules in a folder."""
    (folder / "rules").mkdir()
    for file in rule_files(city):
        text = file.text() if isinstance(file.content, str) else yaml.safe_dump(few(file.content))
        (folder / file.path).write_text(text, encoding="utf-8")
    return folder


def with_monitoring(city: City, **values: Any) -> City:
    monitoring = city.inventory.monitoring.model_copy(update=values)
    return dataclasses.replace(city, inventory=city.inventory.model_copy(update={"monitoring": monitoring}))


def few(content: Any) -> Any:
    """Without the interfaces of circuits that no case speaks of: they are looked at in every step."""
    spoken = (None, "nk-cai-khe-1", "nk-an-hoa-1", "nk-1", "nk-2", "bt-1", "bt-2")
    groups = [
        {**group, "rules": [rule for rule in group["rules"] if rule["labels"].get("circuit") in spoken]}
        for group in content["groups"]
    ]
    return {"groups": groups}


@pytest.fixture(scope="module")
def alerts(rules: Path) -> dict[str, Any]:
    files = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (rules / "rules").glob("*.yml"))
    groups = (group for file in files for group in file["groups"])
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


@with_promtool
@pytest.mark.parametrize("number", range(len(ALL)), ids=[case["alert"] for case in ALL])
def test_it_fires_when_it_should_and_then_alone(number: int, rules: Path, city: City) -> None:
    promtool_finds(ALL[number], rules, city, str(number))


def promtool_finds(case: dict[str, Any], rules: Path, city: City, name: str = "case") -> None:
    file = rules / "cases" / f"{name}.yml"
    file.parent.mkdir(exist_ok=True)
    text = yaml.safe_dump(as_promtool(case, city.inventory.monitoring.runbooks), allow_unicode=True)
    file.write_text(text, encoding="utf-8")
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_groups_are_evaluated_in_their_order(rules: Path) -> None:
    files = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (rules / "rules").glob("*.yml"))
    groups = [group for file in files for group in file["groups"]]
    assert set(ORDER) == {
        group["name"] for group in groups if all("record" in rule for rule in group["rules"])
    }


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(
    alerts: dict[str, Any],
) -> None:
    assert {case["alert"] for case in ALL if "fires" in case} == set(alerts)
    assert {case["alert"] for case in ALL if case.get("silent")} == set(alerts) - {"InfraWatchdog"}


def test_what_silences_and_what_is_silenced_have_the_label_that_they_must_share(city: City) -> None:
    labels: dict[str, set[str]] = {}
    for case in ALL:
        labels.setdefault(case["alert"], set()).update(case.get("fires", {}).get("labels", ()))
    for rule in inhibitions(city):
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            if match := re.fullmatch(r'alertname=~?"(Infra)(?:\((.+)\)|(.+))"', matcher):
                for name in (match[2] or match[3]).split("|"):
                    assert set(rule.get("equal", ())) <= labels[f"Infra{name}"], (name, rule)


def test_alerts_are_written_alike(alerts: dict[str, Any], city: City) -> None:
    for name, rule in alerts.items():
        assert re.fullmatch("Infra([A-Z][a-z]+)+", name)
        assert rule["labels"]["severity"] in ("page", "ticket", "none")
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert rule["annotations"]["runbook_url"] == f"{city.inventory.monitoring.runbooks}/{name}.md"


def test_each_alert_has_its_runbook_and_each_runbook_its_alert(alerts: dict[str, Any]) -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"} == set(alerts)
    for name in alerts:
        text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {name}\n")
        assert re.findall("^## (.*)$", text, re.MULTILINE) == list(HEADINGS), name


def test_what_is_promised_is_the_inventorys(city: City) -> None:
    inventory = next(file.content for file in rule_files(city) if file.path == "rules/inventory.yml")
    assert not isinstance(inventory, str)
    facts = {
        tuple(rule["labels"].values()): rule["expr"]
        for group in inventory["groups"]
        for rule in group["rules"]
        if rule["record"].split(":")[0] in ("circuit_class", "level", "video_class")
    }
    assert facts[("tslcd-2",)] == f"vector({city.inventory.contracts['wan-tslcd'].sla:g})" == "vector(0.999)"
    assert facts[("leased",)] == "vector(0.995)"
    assert facts[("3",)] == "vector(0.999)"
    assert (facts[("720p",)], facts[("1080p",)]) == ("vector(70)", "vector(75)")


def test_a_threshold_that_nobody_has_is_refused(city: City) -> None:
    for name in ("lode", "Load", "load ", ""):
        with pytest.raises(UnusableError, match=rf"a\.yml: no threshold is called <<{name}>>"):
            filled(f"expr: 1 > <<{name}>>", city, "a.yml")


def test_durations_and_ratios_are_written_so_that_prometheus_reads_them(city: City) -> None:
    thresholds = Thresholds(run="12d", backup="999999d", load="92.5%")
    city = with_monitoring(city, thresholds=thresholds)
    text = filled("for: <<run>>s <<backup>> <<load>> <<window>>s", city, "a.yml")
    assert text == "for: 1036800s 86399913600 0.925 60s"


@with_promtool
def test_a_ward_is_told_of_with_the_longest_interval_between_scrapes(city: City, tmp_path: Path) -> None:
    """Four samples in the window that is made for it; a rate over a minute would have none."""
    seldom = with_monitoring(city, intervals=Intervals(path=LONGEST_INTERVAL))
    series = {
        'infra_site_probes_sent_total{site="nk-an-hoa"}': "0+75xN",
        'infra_site_probes_lost_total{site="nk-an-hoa"}': "0x10 75+75xN",
    }
    answer = next(each for each in ALL if each["alert"] == "InfraWardUnreachable" and "fires" in each)
    case = {"interval": f"{LONGEST_INTERVAL}s", "series": series, "silent": ["10m"]}
    promtool_finds(
        {**answer, **case, "fires": {**answer["fires"], "at": "25m"}}, written(seldom, tmp_path), city
    )


def test_a_citys_own_rules_go_before_ours_with_either_ending(city: City, tmp_path: Path) -> None:
    (tmp_path / "alerts-meta.yaml").write_text("groups: []\n", encoding="utf-8")
    (tmp_path / "own.yml").write_text("groups: [] # <<load>>\n", encoding="utf-8")
    texts = {file.path: file.text() for file in rule_files(city, tmp_path)}
    assert texts["rules/alerts-meta.yml"] == "groups: []\n"
    assert texts["rules/own.yml"] == "groups: [] # 0.9\n"
    assert "rules/alerts-meta.yaml" not in texts


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("inventory.yml",), r"inventory\.yml: what the inventory says has that name"),
        (("own.yaml", "own.yml"), r"own\.yml: own\.yaml is there too"),
        (("bad.yml",), r"bad\.yml is not UTF-8 text: invalid start byte at byte 9"),
        (("folder.yml",), r"folder\.yml: Is a directory"),
    ],
)
def test_a_file_of_rules_that_cannot_be_is_named(
    city: City, tmp_path: Path, names: tuple[str, ...], words: str
) -> None:
    for name in names:
        if name == "folder.yml":
            (tmp_path / name).mkdir()
        else:
            (tmp_path / name).write_bytes(b"groups: [\xff]" if name == "bad.yml" else b"groups: []")
    with pytest.raises(UnusableError, match=words):
        rule_files(city, tmp_path)
