"""What the path exporter measures."""

from __future__ import annotations

from exporters.catalogue.metric import Group, counter, gauge, histogram
from infra_ctl.probe.counters import BOUNDS, LATENESS_BOUNDS

CIRCUIT = ("circuit", "family", "class")
SITE = ("site", "family", "class")

PATH = Group(
    "path",
    "the private network's quality, a circuit and a site at a time: loss, delay, jitter, path MTU",
    9870,
    (
        counter(
            "infra_circuit_probes_sent_total",
            "Echo requests sent over a circuit whose fate is known: answered, or lost.",
            *CIRCUIT,
        ),
        counter(
            "infra_circuit_probes_lost_total",
            "Echo requests over a circuit that nobody answered in time.",
            *CIRCUIT,
        ),
        histogram(
            "infra_circuit_rtt_seconds",
            "Round trips over a circuit, by the kernel's timestamps.",
            *CIRCUIT,
            buckets=BOUNDS,
        ),
        gauge(
            "infra_circuit_jitter_seconds",
            "Smoothed difference of round trips over a circuit (RFC 3550); NaN: none comes back.",
            *CIRCUIT,
        ),
        gauge(
            "infra_circuit_path_mtu_bytes",
            "The largest packet, up to 1500, crossing a circuit whole; 0: none does, NaN: not looked yet.",
            "circuit",
            "family",
        ),
        counter(
            "infra_site_probes_sent_total",
            "Echo requests sent to a site whose fate is known: answered, or lost.",
            *SITE,
        ),
        counter(
            "infra_site_probes_lost_total", "Echo requests to a site that nobody answered in time.", *SITE
        ),
        histogram(
            "infra_site_rtt_seconds",
            "Round trips to a site, by the kernel's timestamps.",
            *SITE,
            buckets=BOUNDS,
        ),
        gauge(
            "infra_site_jitter_seconds",
            "Smoothed difference of round trips to a site (RFC 3550); NaN: none comes back.",
            *SITE,
        ),
        gauge(
            "infra_site_path_mtu_bytes",
            "The largest packet, up to 1500, reaching a site whole; 0: none does, NaN: not looked yet.",
            "site",
            "family",
        ),
        counter(
            "infra_site_stamp_sent_total",
            "STAMP (RFC 8762) test packets sent to a site whose fate is known: answered, or lost.",
            *SITE,
        ),
        counter(
            "infra_site_stamp_forward_lost_total",
            "STAMP test packets that were lost on the way to the site.",
            *SITE,
        ),
        counter(
            "infra_site_stamp_backward_lost_total",
            "STAMP test packets whose answer was lost on the way back.",
            *SITE,
        ),
        histogram(
            "infra_site_stamp_rtt_seconds",
            "STAMP round trips to a site, without the reflector's own time.",
            *SITE,
            buckets=BOUNDS,
        ),
        histogram(
            "infra_path_lateness_seconds",
            "How late the probing loop sends what is due.",
            buckets=LATENESS_BOUNDS,
        ),
        gauge("infra_path_targets", "Targets that are probed, each family and class for itself."),
    ),
)
