"""The web configuration file, in the format of Prometheus' exporter-toolkit: TLS, headers, passwords, rate.

All that the toolkit knows is read. What Python's TLS cannot do is refused and never passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exporters.serving.tls import CIPHERS, CURVES, Policy
from infra_ctl.errors import InventoryError, UnusableError
from infra_ctl.inventory import tree
from infra_ctl.inventory.records import Entry
from infra_ctl.inventory.text import decode
from infra_ctl.inventory.wording import problems

MOST_BYTES = 1 << 20
Version = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
Text = Annotated[str, Field(max_length=MOST_BYTES)]
HeaderName = Literal[
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
]
_HEADERS = {"X-Content-Type-Options": ("nosniff",), "X-Frame-Options": ("deny", "sameorigin")}
_HASH = re.compile(r"\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_DURATION = re.compile(r"(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+|0")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


class Model(BaseModel):
    """Frozen, strict in its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TlsSection(Model):
    cert: Text = ""
    key: Text = Field("", repr=False)
    client_ca: Text = ""
    cert_file: Text = ""
    key_file: Text = ""
    client_auth_type: Literal[
        "NoClientCert",
        "RequestClientCert",
        "RequireClientCert",
        "RequireAnyClientCert",
        "VerifyClientCertIfGiven",
        "RequireAndVerifyClientCert",
    ] = "NoClientCert"
    client_ca_file: Text = ""
    client_allowed_sans: tuple[Text, ...] | None = None
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: tuple[Text, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[Text, ...] = ()


class HttpSection(Model):
    http2: bool = False
    headers: Mapping[HeaderName, Text] = {}


class RateSection(Model):
    interval: Text = "0"
    burst: Annotated[int, Field(ge=0)] = 0


class WebFile(Model):
    """The file as it is written."""

    tls_server_config: TlsSection | None = None
    http_server_config: HttpSection = HttpSection()
    basic_auth_users: Mapping[str, str] = Field({}, repr=False)
    rate_limit: RateSection = RateSection()


@dataclass(frozen=True, slots=True)
class Web:
    """What the file says, with everything that it leads to."""

    policy: Policy | None = None
    """Of TLS; None where plain HTTP is spoken."""
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Names, and bcrypt's hashes of their passwords."""
    interval: float = 0
    """Seconds between two requests; 0 where there is no limit."""
    burst: int = 0


def read(path: Path) -> Web:
    """The file and the certificates that it names. Raises UnusableError: one line, and no secret in it."""
    try:
        written = _parsed(path)
    except InventoryError as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        raise UnusableError(f"{error.problems[0]}{more}") from None
    try:
        return _web(written, path)
    except ValueError as error:
        raise UnusableError(f"{path}: {error}") from None


def contents(path: Path) -> bytes:
    """Raises UnusableError where a file cannot be read, or is far too large to be what is meant."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UnusableError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(data) > MOST_BYTES:
        raise UnusableError(f"{path}: is larger than {MOST_BYTES >> 20} MiB")
    return data


def _parsed(path: Path) -> WebFile:
    text = decode(contents(path), str(path))
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return WebFile()
    node = tree.parse(text, str(path))
    try:
        return WebFile.model_validate(node.value())
    except ValidationError as error:
        raise InventoryError([*problems(error, WebFile, Entry(str(path), (1, 1), node))]) from None


def _web(written: WebFile, path: Path) -> Web:
    """Raises ValueError with what does not fit together."""
    http = written.http_server_config
    if http.http2:
        raise ValueError(
            "http_server_config.http2: this server speaks HTTP/1.1: write false, or leave it out"
        )
    for name, value in http.headers.items():
        if value not in _HEADERS.get(name, (value,)) or not value.isprintable():
            raise ValueError(f"http_server_config.headers: {value!r} is no value of {name}")
    for user, hashed in written.basic_auth_users.items():
        if not _HASH.fullmatch(hashed):
            raise ValueError(f"basic_auth_users: what is written for {user!r} is no bcrypt hash")
    section = written.tls_server_config
    return Web(
        policy=_policy(section, path.parent) if section is not None else None,
        headers={name: value for name, value in http.headers.items() if value},
        users=dict(written.basic_auth_users),
        interval=_seconds(written.rate_limit.interval),
        burst=written.rate_limit.burst,
    )


def _policy(section: TlsSection, folder: Path) -> Policy:
    _refuse_impossible(section)
    certificate = _either("cert", section.cert, section.cert_file, folder)
    key = _either("key", section.key, section.key_file, folder)
    if not certificate or not key:
        raise ValueError(f"tls_server_config: {'cert' if not certificate else 'key'}_file is missing")
    authorities = _either("client_ca", section.client_ca, section.client_ca_file, folder)
    if authorities and section.client_auth_type == "NoClientCert":
        raise ValueError(
            "tls_server_config.client_ca_file: needs a client_auth_type that asks for certificates"
        )
    required = section.client_auth_type == "RequireAndVerifyClientCert"
    if section.client_allowed_sans is not None and not required:
        raise ValueError("tls_server_config.client_allowed_sans: needs RequireAndVerifyClientCert")
    return Policy(
        certificate=certificate,
        key=key,
        authorities=authorities,
        client={"NoClientCert": "none", "VerifyClientCertIfGiven": "if given"}.get(
            section.client_auth_type, "required"
        ),
        sans=section.client_allowed_sans,
        versions=(section.min_version, section.max_version),
        ciphers=section.cipher_suites,
        server_chooses=section.prefer_server_cipher_suites,
        curve=section.curve_preferences[0] if section.curve_preferences else "",
    )


def _refuse_impossible(section: TlsSection) -> None:
    """What the toolkit can and Python's TLS cannot, and what neither knows."""
    where = "tls_server_config"
    if section.client_auth_type in ("RequestClientCert", "RequireClientCert", "RequireAnyClientCert"):
        raise ValueError(
            f"{where}.client_auth_type: {section.client_auth_type} takes certificates that nobody signed, "
            "which Python's TLS cannot: RequireAndVerifyClientCert"
        )
    if section.min_version > section.max_version:
        raise ValueError(f"{where}.min_version: {section.min_version} is above {section.max_version}")
    for name in section.cipher_suites:
        if name.startswith(("TLS_AES_", "TLS_CHACHA20_")):
            raise ValueError(f"{where}.cipher_suites: {name}: those of TLS 1.3 cannot be chosen")
        if name not in CIPHERS:
            raise ValueError(f"{where}.cipher_suites: {name!r} is unknown: {', '.join(CIPHERS)}")
    if len(section.curve_preferences) > 1:
        raise ValueError(f"{where}.curve_preferences: Python's TLS takes one curve, not an order of several")
    for name in section.curve_preferences:
        if name not in CURVES:
            raise ValueError(f"{where}.curve_preferences: {name!r} is unknown: {', '.join(CURVES)}")


def _either(name: str, text: str, file: str, folder: Path) -> bytes:
    """What is written in the file itself, or in one beside it; empty where neither is."""
    if text and file:
        raise ValueError(f"tls_server_config: {name} and {name}_file exclude each other")
    return contents(folder / file) if file else text.encode()


def _seconds(duration: str) -> float:
    """A duration as Go writes it, `1m30s`."""
    if not _DURATION.fullmatch(duration):
        raise ValueError(f"rate_limit.interval: {duration!r} is no duration, such as 1s or 500ms")
    parts = re.findall(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)", duration)
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
