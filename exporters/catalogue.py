"""Every metric of every exporter: what it is called, what it means, what its labels are.

An exporter writes what stands here and nothing else; rules, boards and docs/metrics.md are held against it.

python -m exporters.catalogue        docs/metrics.md, on stdout
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from infra_ctl.probe.counters import BOUNDS, LATENESS_BOUNDS


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


UNITS = ("bytes_per_second", "seconds", "bytes", "ratio")
"""What a name may end with, `_total` aside, and OpenMetrics then calls its unit."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `labels` in the order in which values are given for them."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram, without the last, which is infinite."""

    @property
    def family(self) -> str:
        """Its name in OpenMetrics, where a counter's series end with `_total` and the counter does not."""
        return self.name.removesuffix("_total") if self.kind is Kind.COUNTER else self.name

    @property
    def unit(self) -> str:
        """Empty where it counts things."""
        return next((unit for unit in UNITS if self.family.endswith(f"_{unit}")), "")


@dataclass(frozen=True, slots=True)
class Group:
    """What one exporter measures."""

    name: str
    """Of the exporter, as in `infra-ctl export NAME`; `every` for what all of them say of themselves."""
    about: str
    port: int
    """Where it listens, unless told otherwise; 0 where it is no exporter of its own."""
    metrics: tuple[Metric, ...] = ()


def counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, text, labels)


def gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, text, labels)


def histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...]) -> Metric:
    return Metric(name, Kind.HISTOGRAM, text, labels, buckets)


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

ROOM = ("room", "transport")

VIDEO = Group(
    "video",
    "video rooms and registrars: whether they answer, are registered and would look well",
    9871,
    (
        gauge(
            "infra_room_up",
            "Whether a room answers: any final SIP response, or an open H.323 port, is 1.",
            "room",
        ),
        counter("infra_room_options_sent_total", "SIP OPTIONS sent to a room.", *ROOM),
        counter(
            "infra_room_options_unanswered_total", "SIP OPTIONS that had no final response in time.", *ROOM
        ),
        histogram(
            "infra_room_options_seconds",
            "From SIP OPTIONS to the final response.",
            *ROOM,
            buckets=BOUNDS,
        ),
        gauge(
            "infra_room_sip_status",
            "Status of the last SIP response, 200 or 503 for instance; 0 where there was none.",
            *ROOM,
        ),
        gauge(
            "infra_room_registered",
            "Whether what a registrar knows of a room leads to the room itself.",
            "room",
        ),
        gauge(
            "infra_room_binding_expiry_timestamp_seconds",
            "When a room's registration ends, unless it is renewed.",
            "room",
        ),
        gauge(
            "infra_room_in_call",
            "Whether a room says that it is busy, 486 or 600 to SIP OPTIONS; some say 200 in a call too.",
            "room",
        ),
        gauge(
            "infra_room_certificate_expiry_timestamp_seconds",
            "When the certificate that a room shows on SIP over TLS ends.",
            "room",
        ),
        gauge(
            "infra_room_media_rating_estimate",
            "Estimate of a room's media path: R of the E-model, 0 to 93.2, of echoes in the class of video.",
            "room",
        ),
        gauge(
            "infra_room_media_mos_estimate",
            "The same estimate as a mean opinion score, 1 to 4.5.",
            "room",
        ),
        gauge(
            "infra_registrar_up",
            "Whether a registrar answers SIP OPTIONS with any final response.",
            "registrar",
            "transport",
        ),
        gauge("infra_registrar_bindings", "Rooms that a registrar knows the place of.", "registrar"),
        gauge(
            "infra_registrar_certificate_expiry_timestamp_seconds",
            "When the certificate that a registrar shows on SIP over TLS ends.",
            "registrar",
        ),
    ),
)

STATE = Group(
    "state",
    "routing against what the inventory means: neighbours and prefixes, expected, missing and unexpected",
    9872,
    (
        gauge("infra_device_up", "Whether a device could be read when it was last tried.", "device"),
        gauge(
            "infra_device_read_timestamp_seconds",
            "When what is told of a device was read from it; 0 where it never was.",
            "device",
        ),
        gauge("infra_device_read_seconds", "How long the last reading of a device took.", "device"),
        gauge(
            "infra_adjacency_up",
            "Whether all sessions with an expected neighbour are up; protocol is ospf, ospf6, bgp or bfd. "
            "NaN: never read.",
            "device",
            "protocol",
            "neighbour",
        ),
        gauge(
            "infra_adjacencies_unexpected",
            "Neighbours that are up and that the inventory does not mean.",
            "device",
            "protocol",
        ),
        gauge(
            "infra_prefixes_expected",
            "Prefixes that a device is to know: loopbacks, LANs and aggregates.",
            "device",
            "family",
        ),
        gauge("infra_prefixes_missing", "Of these, the ones that it does not know.", "device", "family"),
        gauge(
            "infra_prefixes_unexpected",
            "Prefixes that a device has a way to which nothing in the inventory explains.",
            "device",
            "family",
        ),
    ),
)

CONTROLLER = Group(
    "controller",
    "the controller itself, from its journal, and the facts of the inventory that others are joined with",
    9873,
    (
        gauge("infra_journal_up", "Whether the journal could be read for this scrape."),
        counter("infra_runs_total", "Runs that were begun, by kind.", "kind"),
        counter(
            "infra_runs_failed_total",
            "Runs that failed, were stopped or were killed, by kind; resumed or not.",
            "kind",
        ),
        gauge("infra_runs_active", "Runs that are under way."),
        gauge(
            "infra_run_last_end_timestamp_seconds",
            "When the newest ended run of a kind ended.",
            "kind",
        ),
        gauge("infra_run_steps", "Devices and hosts of the newest run, by the state of each.", "state"),
        counter("infra_waves_total", "Waves in which something was begun."),
        gauge("infra_leases_held", "Devices and hosts that runs under way are at, and hold therefore."),
        gauge("infra_holds", "Objects that are held, by effect.", "effect"),
        gauge(
            "infra_hold_until_timestamp_seconds",
            "When the last day of a hold is over, in UTC.",
            "object",
            "effect",
        ),
        gauge(
            "infra_backup_last_timestamp_seconds",
            "When the device or host (object_kind) was last backed up whose last backup is the oldest; "
            "0 where one never was.",
            "object_kind",
        ),
        gauge(
            "infra_site_info",
            "A site, always 1.",
            "site",
            "pop",
            "kind",
            "unit",
            "name",
            "latitude",
            "longitude",
        ),
        gauge(
            "infra_circuit_info",
            "A circuit, always 1.",
            "circuit",
            "site",
            "pop",
            "provider",
            "circuit_class",
            "direction",
        ),
        gauge("infra_room_info", "A video room, always 1.", "room", "site", "mcu", "protocol", "video_class"),
        gauge("infra_device_info", "A device, always 1.", "device", "site", "role"),
        gauge("infra_system_info", "An information system, always 1.", "system", "owner", "level"),
        gauge(
            "infra_ipv6_stage",
            "How far a site has moved to IPv6: 0 none, 1 planned, 2 addressed, 3 routed, 4 dual, "
            "5 preferred, 6 v6only.",
            "site",
        ),
        gauge("infra_circuit_loss_limit_ratio", "Loss that a circuit's contract allows.", "circuit"),
        gauge("infra_circuit_rtt_limit_seconds", "Round trip that a circuit's contract allows.", "circuit"),
        gauge("infra_circuit_jitter_limit_seconds", "Jitter that a circuit's contract allows.", "circuit"),
        gauge(
            "infra_circuit_capacity_bytes_per_second",
            "What a circuit carries each way, by its contract: eight times that is its bits per second.",
            "circuit",
        ),
    ),
)

SD = Group("sd", "targets for Prometheus (http_sd), from the inventory and nothing else", 9874)

EVERY = Group(
    "every",
    "what every exporter says of itself",
    0,
    (
        gauge("infra_exporter_build_info", "The exporter and its version, always 1.", "exporter", "version"),
        gauge(
            "infra_exporter_config_last_reload_successful",
            "Whether the last reading of the inventory succeeded; where not, the one before goes on.",
            "exporter",
        ),
        gauge(
            "infra_exporter_config_last_reload_success_timestamp_seconds",
            "When the inventory was last read with success.",
            "exporter",
        ),
        counter(
            "infra_exporter_rejected_requests_total",
            "Requests that were answered with an error, or not at all because there were too many.",
            "exporter",
        ),
        gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds."),
        counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds."),
        gauge("process_resident_memory_bytes", "Resident memory size in bytes."),
        gauge("process_virtual_memory_bytes", "Virtual memory size in bytes."),
        gauge("process_open_fds", "Number of open file descriptors."),
        gauge("process_max_fds", "Maximum number of open file descriptors."),
    ),
)

GROUPS: Mapping[str, Group] = {group.name: group for group in (PATH, VIDEO, STATE, CONTROLLER, SD, EVERY)}

METRICS: Mapping[str, Metric] = {metric.name: metric for group in GROUPS.values() for metric in group.metrics}
"""By name."""


def page() -> str:
    """docs/metrics.md."""
    head = (
        "# Metrics\n\nEvery metric of every exporter. Written by `python -m exporters.catalogue`; a test "
        "keeps it true.\nHow they are served is in [exporters.md](exporters.md).\n"
    )
    return head + "".join(map(_section, GROUPS.values()))


def _section(group: Group) -> str:
    title = f"{group.name} (port {group.port})" if group.port else group.name
    about = f"\n## {title}\n{group.about[:1].upper()}{group.about[1:]}.\n"
    if not group.metrics:
        return f"{about}\nNo metrics beside those of every exporter.\n"
    rows = "".join(map(_row, group.metrics))
    return f"{about}\n| metric | kind | labels | unit | meaning |\n| --- | --- | --- | --- | --- |\n{rows}"


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    cells = (f"`{metric.name}`", metric.kind, labels, metric.unit.replace("_", " "), metric.help)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
