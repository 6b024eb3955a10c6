"""pydantic's errors → short sentences about the very value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from infra_ctl.errors import Problem
from infra_ctl.inventory.fields import ABSOLUTE_PATH, CONTROL_ID, DSCP, EMAIL, HOST_PORT, NAMES, URL, WEB_HOOK
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.records import Record, problem
from infra_ctl.inventory.reporting import PERIOD, SYMBOL

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SHOWN = 60
"""Characters of a wrong value that a message repeats."""

SENTENCES = {
    "bool_parsing": "{value} must be true or false",
    "date_from_datetime_parsing": "{value} is in no calendar",
    "enum": "{value} is not a choice here{hint}",
    "finite_number": "{value} is not a number",
    "float_parsing": "{value} is not a number",
    "float_type": "{value} is not a number",
    "greater_than": "{value} must be more than {gt}",
    "greater_than_equal": "{value} must be at least {ge}",
    "int_from_float": "{value} is not a whole number",
    "int_parsing": "{value} is not a whole number",
    "int_parsing_size": "{value} is too large a number",
    "int_type": "{value} is not a whole number",
    "ip_v4_address": "{value} is not an IPv4 address",
    "ip_v4_interface": "{value} is not an IPv4 address with a prefix length, such as 192.0.2.1/30",
    "ip_v4_network": "{value} is not an IPv4 prefix, such as 10.0.0.0/16 (no bits set after the prefix)",
    "ip_v6_address": "{value} is not an IPv6 address",
    "ip_v6_interface": "{value} is not an IPv6 address with a prefix length, such as 2001:db8::1/64",
    "ip_v6_network": "{value} is not an IPv6 prefix, such as 2001:db8::/48 (no bits set after the prefix)",
    "less_than_equal": "{value} must be at most {le}",
    "literal_error": "{value} is not a choice here{hint}",
    "mapping_type": "must be a mapping: lines of `key: value`",
    "model_type": "must be a mapping: lines of `key: value`",
    "missing": "{name} is missing",
    "string_pattern_mismatch": "{value} must be {meaning}",
    "string_too_long": "{value} is longer than {max_length} characters",
    "string_type": "{value} must be text",
    "too_long": "has {actual_length} items, not {max_length}",
    "too_short": "has {actual_length} items, and needs {min_length}",
    "tuple_type": "must be a list: [one, two]",
    "value_error": "{value} {error}",
}
"""What is said of each kind of error; a kind that is not here keeps pydantic's words."""

MEANINGS = {
    ABSOLUTE_PATH: "a path from /, such as /etc/ssl/city.pem",
    CONTROL_ID: "an id, such as NET-09",
    EMAIL: "a mail address, such as duty@cantho.example",
    NAMES: "a name, or a pattern of names such as nk-*",
    HOST_PORT: "a name and a port, such as mail.cantho.example:25",
    WEB_HOOK: "an address over HTTP, or a reference to a secret that holds one",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "lower-case letters and digits, joined by single hyphens",
    r"^[^\x00-\x1f\x7f-\x9f]+$": "one line of text",
    r"^[a-z0-9-]+(\.[a-z0-9-]+)+$": "a domain name, such as cantho.example",
    r"^[a-z][a-z0-9.]{0,14}$": "an interface name of at most 15 characters, such as eth0",
    r"^vault:[a-z0-9][a-z0-9/_-]*$": "a reference to a secret, such as vault:ospf/key",
    r"^[a-z0-9]+(-[a-z0-9]+)*:[a-z0-9]+(-[a-z0-9]+)*/[a-z][a-z0-9.]{0,14}$": (
        "site:device/interface, such as nk:pop1/eth0"
    ),
    r"^[a-z0-9]+(-[a-z0-9]+)*/[a-z][a-z0-9.]{0,14}$": "device/interface, such as core1/eth0",
    r"^(external:)?[a-z0-9]+(-[a-z0-9]+)*$": "a system, or external:NAME",
    r"^[a-z][a-z0-9]*/[1-9][0-9]{0,4}$": "a way to speak and a port, such as https/8443",
    r"^(sk-)?(ssh-ed25519|ecdsa-sha2-nistp(256|384|521))(@openssh.com)? [A-Za-z0-9+/]+={0,2}( \S+)?$": (
        "a public key as OpenSSH writes it, such as ssh-ed25519 AAAA… (RSA is not taken)"
    ),
    DSCP: "a mark of traffic: cs0 to cs7, af11 to af43 or ef",
    SYMBOL: "the letters after a number, such as BC-UBND",
    PERIOD: "a year or a half of one, such as 2026H2",
    URL: "a URL of a name, a port and a plain path, such as https://portal.cantho.example/health",
}
"""What each pattern of the models asks for, in words."""


def problems(error: ValidationError, model: type[BaseModel], record: Record) -> Iterator[Problem]:
    """Every error of one object, placed where it was written."""
    for details in error.errors(include_url=False):
        path = [part for part in details["loc"] if part != "[key]"]
        if details["type"] == "extra_forbidden":
            known = _keys(model, path[:-1])
            message = f"unknown key {path[-1]!r}{did_you_mean(str(path[-1]), known)}"
            yield problem(record, path, message, key=True)
        else:
            yield problem(record, path, _sentence(details), key="[key]" in details["loc"])


def _sentence(details: ErrorDetails) -> str:
    if details["input"] is None:
        return "is empty"
    template = SENTENCES.get(details["type"])
    if template is None:
        return f"{_shown(details['input'])}: {details['msg']}"
    context = {name: _round(value) for name, value in details.get("ctx", {}).items()}
    choices = re.findall("'([^']*)'", str(context.get("expected", "")))
    return template.format(
        **context,
        value=_shown(details["input"]),
        name=_name(details["loc"]),
        hint=did_you_mean(str(details["input"]), choices),
        meaning=MEANINGS.get(str(context.get("pattern")), f"like {context.get('pattern')}"),
    )


def _shown(value: object) -> str:
    """A wrong value, cut to what a line can bear."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a mapping"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _round(value: Any) -> Any:
    """A bound as one writes it: 1, not 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _name(location: tuple[int | str, ...]) -> str:
    last = location[-1] if location else "it"
    return f"item {last + 1}" if isinstance(last, int) else repr(last)


def _keys(model: type[BaseModel], path: list[int | str]) -> list[str]:
    """Keys that are known at `path` inside a model."""
    for part in path:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if isinstance(part, str) and part in fields:
            model = next(_models(fields[part].annotation), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Models that an annotation speaks of, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
