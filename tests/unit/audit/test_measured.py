"""What a real Prometheus has measured, as evidence; a week of it is written into its folder beforehand."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from infra_ctl.audit.collecting.measured import collect
from infra_ctl.audit.collecting.part import Part, Subject
from infra_ctl.errors import SecretError
from tests.unit.conftest import SmallCity
from tests.unit.exporters.test_scraped import asked, free_port, started, until

FULL, YOUNG, HALF, UNSEEN = "nk-cai-khe-1", "bt-long-hoa-1", "nk-cai-khe-2", "nk-an-hoa-1"
SITE = "dc"


def series(now: float) -> str:
    """As OpenMetrics; of nk-an-hoa-1 nothing, of bt-long-hoa-1 a day, of nk-cai-khe-2 one direction."""
    load, count = "circuit:traffic_load:ratio_p95_7d", "circuit:traffic_samples:count7d"
    said: Mapping[str, list[tuple[str, float]]] = {
        load: [
            (f'circuit="{FULL}",direction="to_site"', 0.4),
            (f'circuit="{FULL}",direction="from_site"', 0.95),
            (f'circuit="{YOUNG}",direction="to_site"', 0.1),
            (f'circuit="{HALF}",direction="to_site"', 0.2),
        ],
        count: [
            (f'circuit="{FULL}",direction="to_site"', 2016),
            (f'circuit="{FULL}",direction="from_site"', 2010),
            (f'circuit="{YOUNG}",direction="to_site"', 288),
            (f'circuit="{HALF}",direction="to_site"', 1900),
        ],
        "up": [
            ('job="frr",device="dc-core1"', 1),
            ('job="snmp",device="dc-core1"', 1),
            ('job="frr",device="nk-pop1"', 1),
            ('job="snmp",device="nk-pop1"', 0),
            ('job="own",device="nk-an-hoa-ce1"', 1),
            ('job="node",host="dc-app-1"', 1),
        ],
        "site:temperature:celsius": [
            (f'site="{SITE}",sensor="rack 1"', 22.5),
            (f'site="{SITE}",sensor="rack 2"', float("nan")),
        ],
        "site:humidity:ratio": [(f'site="{SITE}",sensor="rack 1"', 0.5)],
        "site:ups_ready:bool": [(f'site="{SITE}",ups="a"', 1), (f'site="{SITE}",ups="b"', 0)],
        "forwarder:sent:timestamp": [('forwarder="dc"', now - 7200), ('forwarder="bk"', now - 90)],
    }
    lines = [
        f"{name}{{{labels}}} {value} {now - 30:.0f}" for name, all_ in said.items() for labels, value in all_
    ]
    return "\n".join(lines) + "\n# EOF\n"


@pytest.fixture(scope="module")
def now() -> float:
    return float(int(time.time()))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, now: float) -> Iterator[str]:
    """Of a Prometheus that has measured."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "said.txt").write_text(series(now))
    (folder / "prometheus.yml").write_text("{}")
    words = ("promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "said.txt", folder / "tsdb")
    subprocess.run(words, check=True, capture_output=True)
    with (folder / "prometheus.log").open("w") as log:
        options = (f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}")
        process, found = started(("prometheus", *options), log)
        try:
            until(lambda: asked(found, "vector(1)"), "a Prometheus that answers")
            yield found
        finally:
            process.kill()
            process.wait()


def nothing(reference: str) -> str:
    raise SecretError(f"not in the vault: {reference}")


@pytest.fixture(scope="module")
def found(small: SmallCity, url: str, now: float) -> Mapping[Subject, Part]:
    return collect(small.city, nothing, datetime.fromtimestamp(now, UTC).replace(tzinfo=None), url)


def values(part: Part, name: str) -> list[object]:
    return [fact.value for fact in part.facts[name]]


def test_a_circuits_load_is_that_of_a_whole_week_each_way(found: Mapping[Subject, Part], url: str) -> None:
    full = found["circuit", FULL]
    assert sorted(map(str, (fact.line for fact in full.facts["circuit.utilisation"]))) == [
        f'{url}: circuit:traffic_load:ratio_p95_7d{{circuit="{FULL}",direction="from_site"}} 0.95',
        f'{url}: circuit:traffic_load:ratio_p95_7d{{circuit="{FULL}",direction="to_site"}} 0.4',
    ]
    assert values(found["circuit", HALF], "circuit.utilisation") == [0.2]
    young, unseen = (found["circuit", each].missing["circuit.utilisation"] for each in (YOUNG, UNSEEN))
    assert young.startswith(f"{url} has no week of it yet: circuit:traffic_samples:count7d{{")
    assert young.endswith("} 288")
    assert unseen == f'{url} has no series of circuit:traffic_load:ratio_p95_7d{{circuit="{UNSEEN}"}}'


def test_a_machine_is_watched_while_every_exporter_of_it_answers(
    found: Mapping[Subject, Part], url: str
) -> None:
    def watched(kind: str, name: str) -> tuple[object, str]:
        (fact,) = found[kind, name].facts["machine.watched"]  # type: ignore[index]
        return fact.value, fact.line.text

    assert watched("device", "dc-core1")[0] is True
    assert watched("host", "dc-app-1") == (True, 'up{host="dc-app-1",job="node"} 1')
    assert watched("device", "nk-pop1") == (False, 'up{device="nk-pop1",job="snmp"} 0')
    assert watched("device", "nk-an-hoa-ce1") == (False, 'no series of up{device="nk-an-hoa-ce1"}')


def test_rooms_are_measured_by_their_sensors(found: Mapping[Subject, Part], url: str) -> None:
    room = found["site", SITE]
    assert values(room, "site.temperature") == [22.5], "what is no number was not measured"
    assert values(room, "site.humidity") == [0.5]
    assert values(room, "site.ups") == [False]
    other = found["site", "nk-an-hoa"]
    assert values(other, "site.temperature") == values(other, "site.humidity") == []
    assert other.missing == {"site.ups": f'{url} has no series of site:ups_ready:bool{{site="nk-an-hoa"}}'}


def test_the_last_of_the_forwarders_counts(found: Mapping[Subject, Part], small: SmallCity) -> None:
    assert values(found["city", small.city.inventory.city.slug], "forwarder.beat") == [90]


def test_without_a_prometheus_all_of_it_is_missing_with_the_cause(small: SmallCity) -> None:
    here = f"http://127.0.0.1:{free_port()}"
    found = collect(small.city, nothing, datetime(2026, 11, 27), here)

    assert found["circuit", FULL] == Part(
        {}, {}, {"circuit.utilisation": f"{here} does not answer: Connection refused"}
    )
    assert list(found["site", SITE].missing) == ["site.humidity", "site.temperature", "site.ups"]
    assert all(not part.facts for part in found.values())


def test_a_city_that_none_watches_says_so(small: SmallCity) -> None:
    found = collect(small.city, nothing, datetime(2026, 11, 27))

    assert set(found["device", "dc-core1"].missing.values()) == {
        "no host has the role monitoring: --prometheus URL names one"
    }
