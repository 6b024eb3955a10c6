"""Types of single values, as an engineer writes them in YAML or CSV."""

from __future__ import annotations

import datetime
import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
"""The one clock of the country; it has no summer time."""
_MOMENT = "[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}"


def _site_number(value: object) -> object:
    """Two hex digits as the address plan writes them; a number stays a number."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch("[0-9a-f]{2}", value):
        raise ValueError("must be two hex digits")
    return int(value, 16)


def _ratio(value: object) -> object:
    """`0.1%` is 0.001; a number stays a ratio."""
    if not isinstance(value, str):
        return value
    if not (match := re.fullmatch("([0-9]+(?:[.][0-9]+)?)(%?)", value)):
        raise ValueError("must be a ratio such as 0.1% or 0.001")
    return float(match[1]) / (100 if match[2] else 1)


def _seconds(value: object) -> object:
    """`90s`, `15m`, `4h`, `1d`; a number stays a number of seconds."""
    if not isinstance(value, str):
        return value
    if not (match := re.fullmatch("([0-9]{1,6})([smhd])", value)):
        raise ValueError("must be a duration such as 90s, 15m, 4h or 1d")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


def _bytes(value: object) -> object:
    """`500MB`, `80GB`, `2TB`, of 1024 each; a number stays a number of bytes."""
    if not isinstance(value, str):
        return value
    if not (match := re.fullmatch("([1-9][0-9]{0,5})([MGT]B)", value)):
        raise ValueError("must be a size such as 500MB, 80GB or 2TB")
    return int(match[1]) << {"MB": 20, "GB": 30, "TB": 40}[match[2]]


def _date(value: object) -> object:
    """A text is a calendar date, never a number of seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a date such as 2020-06-30")
    return value


def _moment(value: object) -> object:
    """A date and an hour, of the clock on the wall there."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(_MOMENT, value):
        raise ValueError("must be a date and an hour such as 2026-12-01 08:00")
    try:
        return datetime.datetime.fromisoformat(value).replace(tzinfo=VIETNAM)
    except ValueError:
        raise ValueError("is in no calendar, or on no clock") from None


def _prefix(value: object) -> object:
    """Either family; in one step, so that a wrong one is one problem and not one a family."""
    try:
        return ip_network(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("is not an IP prefix, such as 10.0.0.0/16 (no bits set after the prefix)") from None


def _port(value: str) -> str:
    """The pattern has five digits, which is more than ports have."""
    if int(re.split("[/:]", value)[-1]) > 65535:
        raise ValueError("is no port: they end at 65535")
    return value


def _bracketed(value: str) -> str:
    """What stands in brackets is an IPv6 address."""
    if "[" in value:
        try:
            IPv6Address(value.partition("[")[2].partition("]")[0])
        except ValueError:
            raise ValueError("has no IPv6 address in its brackets") from None
    return value


Slug: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
Text: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", max_length=300)]
"""One line: some of it becomes descriptions on devices, where a line break would start a command."""
DomainName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
InterfaceName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.]{0,14}$")]
SecretReference: TypeAlias = Annotated[str, Field(pattern=r"^vault:[a-z0-9][a-z0-9/_-]*$")]
Level: TypeAlias = Annotated[int, Field(ge=1, le=5)]
Prefix: TypeAlias = Annotated[IPv4Network | IPv6Network, BeforeValidator(_prefix)]
Asn: TypeAlias = Annotated[int, Field(ge=1, le=4294967295)]
SiteNumber: TypeAlias = Annotated[
    int,
    Field(ge=0, le=255),
    BeforeValidator(_site_number),
    WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{2}$"}),
]
Date: TypeAlias = Annotated[datetime.date, BeforeValidator(_date)]
Moment: TypeAlias = Annotated[
    datetime.datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "pattern": f"^{_MOMENT}$"})
]
Ratio: TypeAlias = Annotated[
    float,
    Field(ge=0, le=1),
    BeforeValidator(_ratio),
    WithJsonSchema({"type": ["number", "string"], "pattern": "^[0-9]+([.][0-9]+)?%?$"}),
]
Seconds: TypeAlias = Annotated[
    int,
    Field(ge=0),
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,6}[smhd]$"}),
]
Bytes: TypeAlias = Annotated[
    int,
    Field(ge=1),
    BeforeValidator(_bytes),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,5}[MGT]B$"}),
]
ENDPOINT = r"^[a-z0-9]+(-[a-z0-9]+)*:[a-z0-9]+(-[a-z0-9]+)*/[a-z][a-z0-9.]{0,14}$"
"""`site:device/interface`."""
Endpoint: TypeAlias = Annotated[str, Field(pattern=ENDPOINT)]
CableEnd: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*/[a-z][a-z0-9.]{0,14}$")]
"""`device/interface`, inside one site."""
Flow: TypeAlias = Annotated[str, Field(pattern=r"^(external:)?[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
URL = rf"^[a-z][a-z0-9]*://({_LABEL}([.]{_LABEL})*|\[[0-9A-Fa-f:.]+\])(:[0-9]{{1,5}})?(/[A-Za-z0-9/._~-]*)?$"
Url: TypeAlias = Annotated[str, Field(pattern=URL, max_length=300), AfterValidator(_bracketed)]
"""A name or an address, a port and a path of plain characters: they stand in what servers are told, where
a blank, a brace or a semicolon would begin a word of its own."""
DSCP = r"^(cs[0-7]|af[1-4][1-3]|ef)$"
Dscp: TypeAlias = Annotated[str, Field(pattern=DSCP)]
LISTEN = r"^[a-z][a-z0-9]*/[1-9][0-9]{0,4}$"
Listen: TypeAlias = Annotated[str, Field(pattern=LISTEN), AfterValidator(_port)]
"""How and where: `https/8443`."""
EMAIL = r"^[A-Za-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$"
Email: TypeAlias = Annotated[str, Field(pattern=EMAIL, max_length=254)]
WEB_HOOK = r"^(https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9/._~?=&-]*)?|vault:[a-z0-9][a-z0-9/_-]*)$"
WebHook: TypeAlias = Annotated[str, Field(pattern=WEB_HOOK, max_length=300)]
HOST_PORT = r"^[A-Za-z0-9.-]+:[0-9]{1,5}$"
HostPort: TypeAlias = Annotated[str, Field(pattern=HOST_PORT), AfterValidator(_port)]
ABSOLUTE_PATH = r"^(/[A-Za-z0-9._-]+)+$"
AbsolutePath: TypeAlias = Annotated[str, Field(pattern=ABSOLUTE_PATH, max_length=200)]
_SSH_KEY = r"^(sk-)?(ssh-ed25519|ecdsa-sha2-nistp(256|384|521))(@openssh.com)? [A-Za-z0-9+/]+={0,2}( \S+)?$"
SshKey: TypeAlias = Annotated[str, Field(pattern=_SSH_KEY)]
"""As OpenSSH writes a public key. RSA and DSA are not taken."""
NAMES = r"^[a-z0-9*?]+(-[a-z0-9*?]+)*$"
Names: TypeAlias = Annotated[str, Field(pattern=NAMES, max_length=60)]
"""A name, or with `*` and `?` all that are like it."""
CONTROL_ID = r"^[A-Z]{2,5}-[0-9]{2,3}$"
"""As the law's lists of checks number theirs; waivers name it too."""
ControlId: TypeAlias = Annotated[str, Field(pattern=CONTROL_ID)]
