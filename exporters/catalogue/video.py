"""What the video exporter measures."""

from __future__ import annotations

from exporters.catalogue.metric import Group, counter, gauge, histogram
from infra_ctl.probe.counters import BOUNDS

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
