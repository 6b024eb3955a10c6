"""Every query of every board, asked of a real Prometheus that scrapes a city as it is rendered for it."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from exporters.controller import Controller
from exporters.dashboards import boards
from infra_ctl.backup.repository import READ
from infra_ctl.city import City, load_city, relock
from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.finding import Finding
from infra_ctl.inventory.holding import hold
from infra_ctl.inventory.models import Hold
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Asking, Looked, Purpose, RunState, Step, StepState
from infra_ctl.monitor.boards import asking, unanswered
from infra_ctl.monitor.prometheus import prometheus_files
from infra_ctl.monitor.rules import rule_files
from infra_ctl.monitor.stack import stack
from infra_ctl.outcome import Verdict
from tests.unit.conftest import SMALL
from tests.unit.exporters.exposed import proxied
from tests.unit.exporters.test_scraped import started, until

CHOSEN = {"site": "nk-cai-khe"}
"""A ward with two circuits and a room; of everything else there is everything."""
MORE = {
    "hosts.yaml": "dc-monitor-1: {site: dc, zone: management, number: 19, roles: [monitoring]}\n"
    "dc-registrar-1: {site: dc, zone: mcu, number: 16, roles: [registrar]}\n",
    "monitoring.yaml": "receivers: {duty: {webhooks: [https://pager.example/]}}\npage: duty\nticket: duty\n"
    "objectives:\n"
    "  circuits: {tslcd-1: bk-rental, tslcd-2: bk-rental, leased: bk-rental, internet-vpn: bk-rental}\n",
}
"""What the small city is to have besides, so that there is something on every panel."""
PLACES = {
    'number: "01", profile: dc, ipv6: dual': "lat: 10.03, lon: 105.78",
    'number: "01", profile: pop, ipv6: dual': "lat: 10.03, lon: 105.76",
}
"""Of the data centre and of a PoP: its wards stand there."""


FOUND = Finding(
    "city-standard", "STD-01", "site", "nk", "low", 3, "x", Verdict.PASS, (), (), 0, datetime(2026, 11, 21)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small city with more in it, and something held."""
    place = Path(shutil.copytree(SMALL, tmp_path_factory.mktemp("asked") / "inventory"))
    for name, more in MORE.items():
        with (place / name).open("a", encoding="utf-8") as file:
            file.write(more)
    sites = place / "sites.yaml"
    text = sites.read_text(encoding="utf-8")
    for site, coordinates in PLACES.items():
        text = text.replace(site, f"{site}, {coordinates}")
    sites.write_text(text, encoding="utf-8")
    weekly = 'audits: {weekly: {calendar: "30 1 * * sun", laws: [city-standard]}}\n'
    (place / "audits.yaml").write_text(weekly, encoding="utf-8")
    relock(place, free=False)
    until_then = datetime.now(UTC).date() + timedelta(days=9)
    hold(place, Hold(object="nk-pop1", effect="drain", reason="fibre", until=until_then))
    return place


@pytest.fixture(scope="module")
def city(folder: Path) -> City:
    return load_city(folder)


@pytest.fixture(scope="module")
def controller(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """The real one, over a journal with a failed run, a look at what drifted and an audit, and a backup."""
    var = tmp_path_factory.mktemp("var")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("INFRA_CTL_VAR", str(var))
        patched.delenv("INFRA_CTL_JOURNAL", raising=False)
        journal = open_journal(f"sqlite:///{var / 'journal.db'}")
        run = journal.start_run(
            Purpose("deploy", "embedded", "", "", ""),
            lambda run: [Step(run, "nk-pop1", 1, StepState.WAITING, "", "", "", "")],
        )
        journal.record(run.id, "nk-pop1", StepState.APPLYING)
        journal.finish_run(run.id, RunState.FAILED, "")
        now = datetime.now(UTC).replace(tzinfo=None)
        journal.remember_looks("embedded", [Looked("nk-pop1", now, drifted=True, right=None)])
        audit = journal.audits.start(Asking("weekly", "embedded", ("city-standard",), "", "", 1, now))
        journal.audits.keep(audit, 0, Exhibit("site", "nk", now), [FOUND])
        journal.audits.end(audit, RunState.DONE)
        journal.close()
        backup = var / "backup" / "embedded"
        backup.mkdir(parents=True)
        (backup / READ).write_text(json.dumps(dict.fromkeys(load_city(folder).intents, time.time())))
        made = Controller(context_name="embedded")
        made.configure(folder)
        yield made


@pytest.fixture(scope="module")
def asked(city: City, controller: Controller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that scrapes all that the city has."""
    place = tmp_path_factory.mktemp("prometheus")
    node = ("prometheus-node-exporter", "--log.level=error")
    with (
        (place / "log").open("w") as log,
        ending(*started(node, log)) as host,
        proxied(city, controller, f"{host}/metrics") as proxy,
    ):
        config = f"--config.file={configured(city, place, proxy)}"
        command = ("prometheus", config, f"--storage.tsdb.path={place / 'tsdb'}", "--log.level=warn")
        with ending(*started(command, log)) as url:
            yield url


def configured(city: City, place: Path, proxy: str) -> Path:
    """As it is rendered, but every few seconds, through the proxy, with nobody to tell, alerts at once."""
    for file in (*prometheus_files(stack(city, None, "file", is_plain=True)), *rule_files(city)):
        path = place / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_text(re.sub(r"\b(interval|for): \d+[smh]", r"\1: 1s", file.text()), encoding="utf-8")
    path = place / "prometheus.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    del config["alerting"]
    for job in config["scrape_configs"]:
        job |= {"proxy_url": proxy, "scrape_interval": "3s", "scrape_timeout": "3s"}
    config["global"] |= {"scrape_interval": "3s", "scrape_timeout": "3s", "evaluation_interval": "1s"}
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


@contextmanager
def ending(process: subprocess.Popen[bytes], url: str) -> Iterator[str]:
    try:
        yield url
    finally:
        process.kill()
        process.wait()


def test_every_query_has_an_answer_with_the_labels_that_are_shown(asked: str, city: City) -> None:
    """Those too that may rightly have none: something is held, has run, drifted, is backed up, and fires."""
    limits = city.inventory.monitoring.thresholds
    left = list(boards("vi", limits).values())

    def all_answered() -> bool:
        time.sleep(2)  # as often as there are new samples
        left[:] = [board for board in left if unanswered(board, CHOSEN, asking(asked, time.time()))]
        return not left

    try:
        until(all_answered, "every panel has data")
    except AssertionError:
        at = time.time()
        told = [str(each) for board in left for each in unanswered(board, CHOSEN, asking(asked, at))]
        pytest.fail("\n".join(told))


def test_a_metric_that_is_not_there_and_a_label_that_is_not_there_are_told(asked: str, city: City) -> None:
    board = copy.deepcopy(dict(boards("en", city.inventory.monitoring.thresholds)["infra-runs"]))
    first, second = [panel for panel in board["panels"] if panel["type"] == "stat"][:2]
    first["targets"][0]["expr"] = "max(infra_runs_actve)"
    second["targets"][0]["legendFormat"] = "{{kind}}"
    expected = [
        "infra-runs: Runs under way: max(infra_runs_actve): nothing to show",
        "infra-runs: Failed in a day: sum(increase(infra_runs_failed_total[1d])): series without kind",
    ]

    def is_told() -> bool:
        """Sooner or later: a slow machine may miss a scrape, and then there is more to tell."""
        return [str(each) for each in unanswered(board, CHOSEN, asking(asked, time.time()))] == expected

    until(is_told, "these two are told, and nothing else")
