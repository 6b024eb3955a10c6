"""When the certificate ends that somebody shows over TLS: it is read, trusted or not."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import cache


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was shown; `expires` is None where it cannot be read."""

    subject: str
    expires: datetime | None


@cache
def unverified() -> ssl.SSLContext:
    """A context that takes whatever is shown, of old rooms too: no secret goes over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def certificate(shown: bytes) -> Certificate:
    """Of the bytes that were shown (DER)."""
    from cryptography import x509

    try:
        read = x509.load_der_x509_certificate(shown)
        return Certificate(read.subject.rfc4514_string(), read.not_valid_after_utc)
    except (ValueError, x509.InvalidVersion):  # whatever is ill-formed in it
        return Certificate("", None)
