"""What the controller's exporter measures, and the facts that it tells."""

from __future__ import annotations

from exporters.catalogue.metric import Group, counter, gauge

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
            "0 where one never was, and not there without a repository.",
            "object_kind",
        ),
        gauge(
            "infra_drift_objects",
            "Devices, hosts and host parts that somebody changed, or a run left astray, by the last look at "
            "each; what is on hold is not counted.",
        ),
        gauge(
            "infra_drift_read_timestamp_seconds",
            "When the device or host was last looked at for drift whose last look is the oldest; 0 where one "
            "never was.",
        ),
        gauge(
            "infra_audit_findings",
            "Controls on objects, by the last audit of each that came to its end: outcome is pass, fail, "
            "error (it could not be judged), skip (nothing is asked) or waived.",
            "law",
            "outcome",
        ),
        gauge(
            "infra_audit_timestamp_seconds",
            "When an audit of audits.yaml last came to its end; not there where it never did.",
            "name",
        ),
        gauge(
            "infra_audit_next_timestamp_seconds",
            "When an audit of audits.yaml is to be run after the last one that came to its end; without one, "
            "after the exporter has read the inventory.",
            "name",
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
            "A circuit, always 1: from a_site, nearer to the data centre, to the site that it serves.",
            "circuit",
            "a_site",
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
