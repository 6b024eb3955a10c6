"""Less time for everything: durations are found wherever rules have them, and nothing else is."""

from __future__ import annotations

import re

import pytest
import yaml

from infra_ctl.city import City
from infra_ctl.monitor.alertmanager import alertmanager_files
from infra_ctl.monitor.hurry import hurried, span
from infra_ctl.monitor.prometheus import prometheus_files
from infra_ctl.monitor.rules import rule_files
from infra_ctl.monitor.stack import stack


@pytest.mark.parametrize(
    ("text", "part", "found"),
    [("1m", 1, "1m"), ("1m", 10, "6s"), ("15s", 10, "2s"), ("1s", 10, "1s"), ("1h30m", 10, "540s")],
)
def test_a_duration_has_a_second_at_least(text: str, part: int, found: str) -> None:
    assert span(text, part) == found


def test_durations_are_found_where_they_stand_and_words_stay() -> None:
    rules = (
        "groups:\n- name: a\n  interval: 15s\n  rules:\n  - record: a:b:rate5m\n"
        "    expr: quantile_over_time(0.95, rate(x_total[5m])[7d:5m] offset 1h) > 10 # for 10m\n    for: 2m\n"
    )
    assert hurried(rules, 10) == (
        "groups:\n- name: a\n  interval: 2s\n  rules:\n  - record: a:b:rate5m\n"
        "    expr: quantile_over_time(0.95, rate(x_total[30s])[60480s:30s] offset 360s) > 10 # for 10m\n"
        "    for: 12s\n"
    )
    assert hurried(rules, 1) == rules


def test_a_whole_stack_is_in_a_hurry(city: City) -> None:
    calm, hasty = (stack(city, None, "http", is_plain=True, sink="", hurry=part) for part in (1, 10))
    for slow, fast in zip(rule_files(city), rule_files(city, hurry=10), strict=True):
        minutes = re.findall(r"\[\d+[mhdw]|(?:for|interval): \d+[mhd]", fast.text())
        assert (fast.path, minutes) == (slow.path, [])
        names = [
            rule.get("record") for group in yaml.safe_load(slow.text())["groups"] for rule in group["rules"]
        ]
        assert names == [
            rule.get("record") for group in yaml.safe_load(fast.text())["groups"] for rule in group["rules"]
        ]
    before, after = (yaml.safe_load(prometheus_files(each)[0].text()) for each in (calm, hasty))
    path = [
        job["scrape_interval"]
        for each in (before, after)
        for job in each["scrape_configs"]
        if job["job_name"] == "path"
    ]
    assert path == ["15s", "2s"]
    assert (before["global"]["evaluation_interval"], after["global"]["evaluation_interval"]) == ("15s", "2s")
    route = yaml.safe_load(alertmanager_files(hasty)[0].text())["route"]
    assert (route["group_wait"], route["group_interval"]) == ("30s", "30s")


def test_what_does_not_run_is_not_asked(city: City) -> None:
    here = stack(city, None, "http", is_plain=True, exporters=("path",))
    jobs = {job["job_name"] for job in yaml.safe_load(prometheus_files(here)[0].text())["scrape_configs"]}
    assert "path" in jobs
    assert not jobs & {"video", "state", "controller"}
