"""Every report in Chromium, on a phone and on a desk: nothing is cut off, fetched or run."""

from __future__ import annotations

import html as escaping
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.city import City, load_city
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import StepState
from infra_ctl.outcome import Verdict
from infra_ctl.report import audit, changes, half_year, survey, yearly
from infra_ctl.report.document import Document
from infra_ctl.report.page import html
from infra_ctl.report.period import Period, period
from infra_ctl.report.reading import read
from infra_ctl.report.scope import scope
from infra_ctl.report.surveyed import surveyed
from infra_ctl.report.wanted import Sources, Wanted
from tests.unit.report import sample
from tests.unit.report.stored import INJECTION, MADE, audited, finding, ran, sources

REFERENCE = Path(__file__).parents[3] / "inventory"
PHONE, DESK = 390, 1280
PATIENCE = 300
READABLE = 12
"""Pixels: smaller letters are not read on a phone."""
LOOK = """
const found = {};
for (const frame of document.querySelectorAll("iframe")) {
  const page = frame.contentDocument, root = page.documentElement;
  const said = [...page.body.querySelectorAll("p, td, th, li, code, dt, dd, span, h1, h2, h3, figcaption")];
  const letters = said.filter(e => e.textContent.trim() && e.getClientRects().length);
  found[frame.id] = {
    over: root.scrollWidth - root.clientWidth,
    scripts: page.querySelectorAll("script, link, img, iframe, object, embed").length,
    fetched: frame.contentWindow.performance.getEntriesByType("resource").map(e => e.name),
    smallest: Math.min(...letters.map(e => parseFloat(frame.contentWindow.getComputedStyle(e).fontSize))),
    text: page.body.innerText.length,
    ran: Boolean(frame.contentWindow.wasRun),
  };
}
document.getElementById("found").textContent = JSON.stringify(found);
"""
SPOILT = """<!doctype html><body><p style="width: 2000px; font-size: 6px">wide</p>
<img src="http://127.0.0.1:9/x.png"><script>window.wasRun = true</script>"""
"""A page with all that a report must not have: what does not see it sees nothing."""


@pytest.fixture(scope="module")
def reference() -> City:
    return load_city(REFERENCE)


@pytest.fixture(scope="module")
def pages(reference: City, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Each kind of report, of the reference city with an audit and runs."""
    journal = open_journal(f"sqlite:///{tmp_path_factory.mktemp('reports') / 'journal.db'}")
    try:
        ran(journal, ("nk-cai-khe-ce1", StepState.RESTORED), reason=sample.HTML, ticket=sample.VIETNAMESE)
        long = finding("LOG-03", "dc-app-1", Verdict.FAIL, kind="host", lines=("x" * 500, INJECTION))
        audited(journal, long, finding("NET-02", "dc-core1", Verdict.ERROR, said="Không trả lời."))
        drawn = sources(reference, journal)
        made = {"sample": sample.document(context="lab:demo"), **documents(drawn)}
        return {f"{name}-{each}": html(made[name], each) for name in made for each in ("vi", "en")}
    finally:
        journal.close()


def documents(drawn: Sources) -> Mapping[str, Document]:
    whole, nowhere = scope(drawn.city.inventory, None), Path("/nowhere")

    def asked(name: str) -> Wanted:
        return Wanted(period(name), whole, MADE)

    def readings(of: Period) -> Any:
        return read(drawn, of, MADE, nowhere, None)

    year, six = asked("2026"), asked("2026H2")
    years = [readings(yearly.reporting_year(each)) for each in (year.period, year.period.before)]
    halves = [readings(each) for each in (six.period, six.period.before)]
    return {
        "audit": audit.document(drawn, audit.Which(), whole, MADE),
        "changes": changes.document(drawn, year),
        "yearly": yearly.document(drawn, year, *years),
        "half-year": half_year.document(drawn, six, *halves),
        "survey": survey.document(drawn, six, halves[0], surveyed(nowhere)),
    }


@pytest.fixture(scope="module")
def looked(pages: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What one Chromium sees of all of them, each in a frame of its own."""
    folder = tmp_path_factory.mktemp("chromium")
    frames = "".join(
        f'<iframe id="{name}-{width}" style="width: {width}px; height: 800px; border: 0" '
        f'srcdoc="{escaping.escape(text)}"></iframe>'
        for name, text in {**pages, "spoilt": SPOILT}.items()
        for width in (PHONE, DESK)
    )
    page = f'<!doctype html><pre id="found"></pre>{frames}<script>window.onload = () => {{{LOOK}}}</script>'
    (folder / "all.html").write_text(page, encoding="utf-8")
    command = [
        *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--disable-background-networking", "--no-first-run", f"--user-data-dir={folder / 'profile'}"),
        *("--virtual-time-budget=60000", "--dump-dom", (folder / "all.html").as_uri()),
    ]
    said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    found = said.stdout.partition('<pre id="found">')[2].partition("</pre>")[0]
    seen: Mapping[str, Any] = json.loads(escaping.unescape(found))
    return seen


def test_nothing_is_cut_off_fetched_or_run(looked: Mapping[str, Any], pages: Mapping[str, str]) -> None:
    assert len(looked) == 2 * (len(pages) + 1)
    for name, seen in looked.items():
        if name.startswith("spoilt"):
            continue
        assert seen["over"] <= 0, f"{name} is {seen['over']} pixels too wide"
        assert (seen["scripts"], seen["fetched"], seen["ran"]) == (0, [], False), name
        assert seen["smallest"] >= READABLE, name
        assert seen["text"] > 500, name


def test_a_page_that_is_spoilt_is_seen_to_be(looked: Mapping[str, Any]) -> None:
    seen = looked[f"spoilt-{PHONE}"]
    assert seen["over"] > 1000
    assert seen["scripts"] == 2
    assert seen["fetched"] == ["http://127.0.0.1:9/x.png"]
    assert seen["smallest"] == 6
    assert seen["ran"]
