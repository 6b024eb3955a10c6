"""The page of the path exporter: what it has of whom, from counters that no network was needed for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.catalogue import PATH
from exporters.path import PathExporter
from exporters.serving.exposition import text
from infra_ctl.errors import InfraCtlError
from infra_ctl.probe.counters import Reading
from infra_ctl.probe.prober import Prober
from infra_ctl.probe.schedule import Ring
from infra_ctl.probe.targets import EchoTarget, Pace, StampTarget, Target

READING = Reading(3, (5, 0, 2, *(0,) * 11), 0.011, 0.002, 2, 1, 1480)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Target]]:
    """What the loop is told, which is not started here."""
    orders: list[Sequence[Target]] = []

    def configure(self: Prober, targets: Sequence[Target], pace: Pace) -> None:
        assert pace == Pace(1.0, 2.0, 300.0)
        orders.append(targets)

    monkeypatch.setattr(Prober, "configure", configure)
    monkeypatch.setattr(Prober, "readings", lambda self: {each.name: READING for each in orders[-1]})
    return orders


def made(port: int | None = None) -> PathExporter:
    return PathExporter(interval=1.0, timeout=2.0, mtu_interval=300.0, stamp_port=port)


@pytest.fixture
def exporter(told: list[Sequence[Target]], small_folder: Path) -> Iterator[PathExporter]:
    exporter = made(862)
    exporter.configure(small_folder)
    yield exporter
    exporter.close()


def test_no_turn_sends_two_echoes_over_one_circuit_or_to_one_site(
    exporter: PathExporter, told: list[Sequence[Target]]
) -> None:
    turns = Ring(told[-1], 1.0, now=0.0)
    for _ in range(25):
        echoes = [each.name.split()[1:3] for each in turns.turn(turns.due)[0] if isinstance(each, EchoTarget)]
        assert len(echoes) == len(set(map(tuple, echoes)))


def samples(exporter: PathExporter) -> dict[tuple[str, ...], float]:
    """By the metric's name and its labels' values, in the order of labels' names."""
    families = text_string_to_metric_families(text(exporter.collect()).decode())
    return {
        (each.name, *(each.labels[name] for name in sorted(each.labels))): each.value
        for family in families
        for each in family.samples
    }


def test_a_name_is_told_once_and_video_is_asked_in_its_class(
    exporter: PathExporter, told: list[Sequence[Target]]
) -> None:
    (targets,) = told
    assert len({each.name for each in targets}) == len(targets)
    assert {each.dscp for each in targets} == {0, 34}
    assert all(each.dscp == (34 if each.name.endswith(" video") else 0) for each in targets)
    assert {each.mtu for each in targets if isinstance(each, EchoTarget) and each.dscp == 34} == {False}


def test_every_metric_of_the_catalogue_is_there_and_no_other(exporter: PathExporter) -> None:
    names = [block.metric.name for block in exporter.collect()]
    assert sorted(names) == sorted(each.name for each in PATH.metrics)


def test_a_circuit_has_what_was_counted(exporter: PathExporter) -> None:
    found = samples(exporter)
    circuit = next(key[1] for key in found if key[0] == "infra_circuit_probes_lost_total")
    labels = (circuit, "video", "ipv4")
    assert found["infra_circuit_probes_sent_total", *labels] == 10
    assert found["infra_circuit_probes_lost_total", *labels] == 3
    assert found["infra_circuit_rtt_seconds_count", *labels] == 7
    assert found["infra_circuit_rtt_seconds_bucket", *labels, "0.001"] == 5
    assert found["infra_circuit_rtt_seconds_bucket", *labels, "0.002"] == 7
    assert found["infra_circuit_jitter_seconds", *labels] == 0.002
    assert found["infra_circuit_path_mtu_bytes", circuit, "ipv4"] == 1480


def test_a_site_has_its_directions_apart(exporter: PathExporter) -> None:
    found = samples(exporter)
    labels = next(key[1:] for key in found if key[0] == "infra_site_stamp_sent_total")
    assert found["infra_site_stamp_sent_total", *labels] == 10
    assert found["infra_site_stamp_forward_lost_total", *labels] == 2
    assert found["infra_site_stamp_backward_lost_total", *labels] == 1
    assert found["infra_site_stamp_rtt_seconds_count", *labels] == 7


def test_without_a_reflector_nothing_is_sent_to_one(told: list[Sequence[Target]], small_folder: Path) -> None:
    exporter = made()
    try:
        exporter.configure(small_folder)
        assert not any(isinstance(each, StampTarget) for each in told[-1])
        assert not any(name.startswith("infra_site_stamp") for name, *_ in samples(exporter))
    finally:
        exporter.close()


def test_an_mtu_that_was_not_looked_for_is_not_a_number(
    exporter: PathExporter, monkeypatch: pytest.MonkeyPatch, told: list[Sequence[Target]]
) -> None:
    unknown = Reading(0, (0,) * 14, 0.0, 0.0, 0, 0, None)
    monkeypatch.setattr(Prober, "readings", lambda self: {each.name: unknown for each in told[-1]})
    values = [value for key, value in samples(exporter).items() if key[0].endswith("_path_mtu_bytes")]
    assert values
    assert all(map(math.isnan, values))


def test_a_bad_inventory_leaves_all_as_it_was(
    exporter: PathExporter, tmp_path: Path, told: list[Sequence[Target]]
) -> None:
    before = samples(exporter).keys()
    with pytest.raises(InfraCtlError):
        exporter.configure(tmp_path / "none")
    assert len(told) == 1
    assert samples(exporter).keys() == before
