"""What is said of wrong values."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from infra_ctl.controls.model import Law
from infra_ctl.inventory import models
from infra_ctl.inventory.fields import Url
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.models import Circuit, Host, Profile, Site
from infra_ctl.inventory.records import Row
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.wording import MEANINGS, problems


def said(model: type[Model], values: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values, by_alias=True, by_name=False)
    return [problem.message for problem in problems(caught.value, model, Row("x", 1, {}, []))]


def test_every_pattern_of_the_models_has_words() -> None:
    schema = json.dumps([TypeAdapter(each).json_schema() for each in (models.Inventory, Law)])
    text = json.loads(schema)
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("pattern"), str):
                found.add(value["pattern"])
            for item in value.values():
                walk(item)
        if isinstance(value, list):
            for item in value:
                walk(item)

    walk(text)
    own = {
        r"^[0-9a-f]{2}$",
        r"^[0-9]{1,6}[smhd]$",
        r"^[1-9][0-9]{0,5}[MGT]B$",
        r"^[0-9]+([.][0-9]+)?%?$",
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}$",
    }  # validators with words of their own
    assert found - own == set(MEANINGS)


def test_values_are_cut() -> None:
    (message,) = said(Host, {"id": "a", "site": "x" * 500, "zone": "dmz", "number": 16, "roles": []})
    assert message == f"'{'x' * 59}… is longer than 40 characters"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "must be a mapping: lines of `key: value`"),
        (None, "is empty"),
        ("dc", "must be a mapping: lines of `key: value`"),
    ],
)
def test_something_that_is_no_object(values: object, message: str) -> None:
    assert said(Profile, values) == [message]


@pytest.mark.parametrize(
    ("circuits", "message"),
    [
        ({"at_least": "-1"}, "'-1' must be at least 0"),
        ({"at_least": "2.5"}, "'2.5' is not a whole number"),
        ({"at_least": "9" * 5000}, f"'{'9' * 59}… is too large a number"),
        ({"at_least": None}, "is empty"),
        ({"at_least": ["1"]}, "a list is not a whole number"),
        ({"at_least": {"a": "1"}}, "a mapping is not a whole number"),
        ({"most": "1"}, "unknown key 'most' (known: at_least, directions)"),
    ],
)
def test_numbers_and_keys(circuits: object, message: str) -> None:
    assert said(Profile, {"kind": "pop", "circuits": circuits}) == [message]


def test_unknown_keys_are_looked_up_where_they_stand() -> None:
    assert said(
        Profile, {"kind": "pop", "devices": {"a": {"role": "pop", "platform": "frr", "trunks": "eth1"}}}
    ) == ["unknown key 'trunks' (did you mean 'trunk'?)"]
    assert said(Profile, {"kind": "pop", "room": {"protocol": "sip", "clas": "720p", "class": "720p"}}) == [
        "unknown key 'clas' (did you mean 'class'?)"
    ]


def test_a_name_from_the_code_is_no_name_in_a_file() -> None:
    assert "unknown key 'circuit_class' (did you mean 'class'?)" not in said(Circuit, {})
    assert "'class' is missing" in said(Circuit, {"circuit_class": "leased"})


@pytest.mark.parametrize("number", ["1", "100", "0x10", "1g", "FF", "-1", " 1"])
def test_a_site_number_is_two_hex_digits(number: str) -> None:
    assert f"{number!r} must be two hex digits" in said(Site, {"number": number})


@pytest.mark.parametrize("loss", ["nan", "inf", "1e-3", "-1%", "50 %", "%", "0,1%"])
def test_a_ratio_is_plain(loss: str) -> None:
    assert f"{loss!r} must be a ratio such as 0.1% or 0.001" in said(Circuit, {"loss": loss})


@pytest.mark.parametrize("delay", ["nan", "inf", "-inf"])
def test_a_delay_is_a_number(delay: str) -> None:
    assert f"{delay!r} is not a number" in said(Circuit, {"rtt_ms": delay})


def test_hints() -> None:
    assert did_you_mean("comune", ["commune", "pop"]) == " (did you mean 'commune'?)"
    assert did_you_mean("xyz", ["b", "a"]) == " (known: a, b)"
    assert did_you_mean("xyz", []) == ""
    assert did_you_mean("xyz", [f"{number:03}" for number in range(100)]) == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://www.cantho.example;return{}/;include",
        "https://www.cantho.example/;include",
        "https://www.cantho.example/a b",
        "https://www.cantho.example/{}",
        'https://www.cantho.example/"',
        "https://www.cantho.example/$host",
        "https://www.cantho.example/#x",
        "https://www.cantho.example/?x=y",
        "https://www.cantho.example/\n",
        "https://www.cantho.example\n",
        "https://user@www.cantho.example/",
        "https://-www.cantho.example/",
        "https://www..cantho.example/",
        'https://www"cantho.example/',
        "https://[::1;]/",
        "https://[:.:]/",
        "git+ssh://www.cantho.example:22",
        "https:///health",
    ],
)
def test_a_url_says_nothing_of_its_own_where_it_is_written(url: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Url).validate_python(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.cantho.example",
        "https://www.cantho.example/v1/~health_of-it.txt",
        "http://10.0.0.1:8080/",
        "http://[2001:db8::1]:8080/",
        "sips://sip.cantho.example:5061",
    ],
)
def test_a_url_of_plain_characters_is_one(url: str) -> None:
    assert TypeAdapter(Url).validate_python(url) == url
