"""What every exporter says of itself."""

from __future__ import annotations

from exporters.catalogue.metric import Group, counter, gauge

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
