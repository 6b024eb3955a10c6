"""A policy of TLS → a context that keeps it, and whether a client's certificate is one of those wanted."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from infra_ctl.errors import UnusableError

CIPHERS: Mapping[str, str] = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
}
"""Suites of TLS 1.2 by the names that Go has for them, and OpenSSL's."""

CURVES: Mapping[str, str] = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CLIENT = {"none": ssl.CERT_NONE, "if given": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


@dataclass(frozen=True, slots=True)
class Policy:
    """All that a handshake depends on; equal policies make equal contexts."""

    certificate: bytes
    key: bytes = field(repr=False)
    authorities: bytes = b""
    """Who signs clients' certificates; empty for those that the machine trusts."""
    client: str = "none"
    """none, if given or required."""
    sans: tuple[str, ...] | None = None
    """Names of which a client's certificate must have one; None where any will do."""
    versions: tuple[str, str] = ("TLS12", "TLS13")
    ciphers: tuple[str, ...] = ()
    server_chooses: bool = True
    curve: str = ""


def context(policy: Policy) -> ssl.SSLContext:
    """Raises UnusableError where certificate, key or authorities are none, or do not belong together."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version, made.maximum_version = (_VERSIONS[version] for version in policy.versions)
    if not policy.server_chooses:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if policy.ciphers:
        made.set_ciphers(":".join(CIPHERS[name] for name in policy.ciphers))
    if policy.curve:
        made.set_ecdh_curve(CURVES[policy.curve])
    _load(made, policy)
    made.verify_mode = _CLIENT[policy.client]
    made.set_alpn_protocols(["http/1.1"])
    return made


def _load(made: ssl.SSLContext, policy: Policy) -> None:
    try:
        with _as_file(policy.certificate) as certificate, _as_file(policy.key) as key:
            made.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise UnusableError(f"tls_server_config: certificate and key: {_why(error)}") from None
    try:
        if policy.authorities:
            made.load_verify_locations(cadata=policy.authorities.decode("ascii"))
        elif policy.client != "none":
            made.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    except (ssl.SSLError, ValueError) as error:
        raise UnusableError(f"tls_server_config: client_ca: {_why(error)}") from None


def is_wanted(certificate: Mapping[str, Any] | None, sans: tuple[str, ...]) -> bool:
    """Whether a certificate, as `getpeercert` tells it, has one of these names."""
    named = (certificate or {}).get("subjectAltName", ())
    return any(_plain(kind, name) in sans for kind, name in named)


def _plain(kind: str, name: str) -> str:
    """An address as it is usually written."""
    return str(ip_address(name.strip())) if kind == "IP Address" else name


@contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """A file in memory: Python's TLS takes certificates by name only, and what was read is what is used."""
    descriptor = os.memfd_create("pem")
    try:
        os.write(descriptor, data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _no_password() -> str:
    """Without it, OpenSSL would ask whoever sits at the terminal."""
    raise ValueError("the key has a password")


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason).lower().replace("_", " ") if reason else str(error).splitlines()[0]
