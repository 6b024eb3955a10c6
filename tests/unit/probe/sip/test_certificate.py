"""Certificates that OpenSSL takes and nobody should have made."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from infra_ctl.lab.rooms import certificate as made
from infra_ctl.probe.sip.certificate import Certificate, certificate

END = datetime(2030, 1, 1, tzinfo=UTC)
PEM = made("hall", END).decode()
SHOWN = ssl.PEM_cert_to_DER_cert(
    PEM[PEM.index("-----BEGIN CERT") : PEM.index("-----END CERT")] + ssl.PEM_FOOTER
)
VERSION = SHOWN.index(bytes.fromhex("a003020102")) + 4


def test_a_version_that_there_is_not_is_a_certificate_that_cannot_be_read() -> None:
    assert certificate(SHOWN) == Certificate("CN=hall", END)
    assert certificate(SHOWN[:VERSION] + b"\x05" + SHOWN[VERSION + 1 :]) == Certificate("", None)
