"""What the state exporter measures."""

from __future__ import annotations

from exporters.catalogue.metric import Group, gauge

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
            "infra_site_prefixes_missing_devices",
            "Devices that lack a prefix of this site, of those that could be read and know at least half of "
            "what they are to. NaN: none was read.",
            "site",
            "family",
        ),
        gauge(
            "infra_prefixes_unexpected",
            "Prefixes that a device has a way to which nothing in the inventory explains.",
            "device",
            "family",
        ),
    ),
)
