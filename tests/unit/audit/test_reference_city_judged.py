"""The reference city judged by all laws on what is written of it: what fails is so, and is all.

What it fails is what the city's plan says of it: levels that nobody has approved yet, wards without IPv6, and
consoles of administrators without a firewall for web applications.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from infra_ctl.audit.collecting import recorded, written
from infra_ctl.audit.collecting.part import exhibit
from infra_ctl.city import City
from infra_ctl.controls.asked import asked, meaning
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.judging import judge, rules
from infra_ctl.controls.loading import laws
from infra_ctl.controls.model import Term
from infra_ctl.inventory.kinds import Stage
from infra_ctl.outcome import Verdict

AT = datetime(2026, 11, 27)
"""A day on which the records of the reference city are fresh."""
ROOT = Path(__file__).parents[3]


def needs(term: Term | None) -> Iterator[str]:
    """Names of what a term asks for."""
    if term is not None:
        yield from (name for name in (term.fact, term.lines, term.code) if name)
        for each in (*(term.all or ()), *(term.any or ()), term.not_):
            yield from needs(each)


def is_ours(term: Term | None) -> bool:
    return all(name in FACTS and FACTS[name].source in ("inventory", "records") for name in needs(term))


def judged(city: City) -> Iterator[Finding]:
    """All controls that inventory and records can answer."""
    parts = [written.collect(city, AT), recorded.collect(city, AT)]
    by = rules(laws(ROOT / "inventory").values(), meaning(city.inventory))
    for each in asked(city.inventory):
        subject = (each.kind, each.name)
        found = exhibit(subject, [part[subject] for part in parts if subject in part], AT)
        yield from judge(
            each,
            found,
            [
                rule
                for rule in by.get(each.kind, ())
                if is_ours(rule.control.holds) and is_ours(rule.control.when)
            ],
        )


def test_what_the_city_fails_is_so_and_is_all(reference: City) -> None:
    found: defaultdict[Verdict, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for finding in judged(reference):
        found[finding.verdict][finding.control].add(finding.object)
    systems, sites = reference.inventory.systems.values(), reference.inventory.sites.values()
    assert found[Verdict.FAIL] == {
        "NET-05": {"anti-malware", "cloud", "monitoring", "soc"},
        "OPS-04": {each.id for each in systems if each.approval.state != "approved"},
        "STD-05": {each.id for each in sites if each.ipv6 < Stage.DUAL},
    }
    assert not found[Verdict.ERROR]
    assert len(found[Verdict.PASS]) > 25


def test_what_fails_shows_the_line_that_says_so(reference: City) -> None:
    files = [*(ROOT / "inventory").glob("*.yaml"), *(ROOT / "inventory").glob("*.csv")]
    texts = {file.name: file.read_text(encoding="utf-8").splitlines() for file in files}
    for finding in judged(reference):
        if finding.verdict is Verdict.FAIL:
            quoted = [line for line in finding.lines if line.number]
            assert quoted
            assert all(texts[line.document][line.number - 1].strip() == line.text for line in quoted)
