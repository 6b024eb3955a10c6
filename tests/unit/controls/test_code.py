"""Controls in code: found by name, given what they need, and no control's defect is another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.controls import code as coded
from infra_ctl.controls.code import GROUP, Code, installed
from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.model import Term, Words
from infra_ctl.controls.predicates import compiled
from infra_ctl.controls.ruling import Ask, Ruling
from infra_ctl.errors import UnusableError
from infra_ctl.outcome import Verdict
from tests.unit.controls.exhibits import exhibit
from tests.unit.controls.test_bad_controls import control, of_control

ASK = Ask(3, "true")
SAYS = Words(vi="Không.", en="No.")


def refuses(_exhibit: Exhibit, _ask: Ask) -> Ruling:
    return Ruling(Verdict.FAIL, (Words(vi="Sai.", en="Wrong."),))


def breaks(_exhibit: Exhibit, _ask: Ask) -> Ruling:
    raise KeyError("frr")


def of(name: str, judge: Callable[[Exhibit, Ask], Ruling]) -> Code:
    return Code(name, ("device",), frozenset({"frr"}), "nothing", "a test", judge)


REFUSES, BREAKS = of("refuses", refuses), of("breaks", breaks)
NONE = "no code"


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Packages that give these, by name."""

    def give(**values: str) -> None:
        points = [
            EntryPoint(name.replace("_", "-"), f"{__name__}:{each}", GROUP) for name, each in values.items()
        ]
        monkeypatch.setattr(EntryPoint, "load", lambda point: globals()[point.value.partition(":")[2]])
        monkeypatch.setattr(coded, "entry_points", lambda **_group: points)
        installed.cache_clear()

    yield give
    installed.cache_clear()


def judged(name: str, shown: dict[str, Any], **more: Any) -> Ruling:
    return compiled(Term(code=name, **more))(exhibit("device", shown), ASK)


def test_a_package_gives_code(packages: Callable[..., None], tmp_path: Path) -> None:
    packages(refuses="REFUSES")
    assert judged("refuses", {"frr": ""}).verdict is Verdict.FAIL
    assert judged("refuses", {"frr": ""}, says=SAYS).reasons == (SAYS,)
    assert of_control(tmp_path, control("{code: refuses}", of="device")) == []


def test_what_it_reads_is_there_or_it_is_not_asked(packages: Callable[..., None]) -> None:
    packages(breaks="BREAKS")
    found = judged("breaks", {})
    assert (found.verdict, found.reasons[0].en) == (Verdict.ERROR, "The evidence was not collected.")


def test_its_defect_is_an_error_of_one_control(packages: Callable[..., None]) -> None:
    packages(breaks="BREAKS")
    found = judged("breaks", {"frr": ""})
    assert (found.verdict, str(found.lines[0])) == (Verdict.ERROR, "breaks: KeyError: 'frr'")


@pytest.mark.parametrize(
    ("holds", "of_whom", "said"),
    [
        (
            "{code: prefix-limit}",
            "device",
            "13:19: there is no code 'prefix-limit' (did you mean 'prefix-limits'?)",
        ),
        ("{code: prefix-limits}", "host", "13:19: the code 'prefix-limits' judges no host: it is of device"),
        ("{code: }", "device", "13:19: is empty"),
        ("{code: prefix-limits, is: 'no'}", "device", "13:38: is has no place beside code"),
    ],
)
def test_a_bad_name_is_told_with_its_place(holds: str, of_whom: str, said: str, tmp_path: Path) -> None:
    assert of_control(tmp_path, control(holds, of=of_whom)) == [f"own.yaml:{said}"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"none": "NONE"}, "code 'none' of controls, test_code:NONE, is no Code of that name"),
        ({"other": "REFUSES"}, "code 'other' of controls, test_code:REFUSES, is no Code of that name"),
        ({"gone": "GONE"}, "code 'gone' of controls, test_code:GONE, cannot be loaded: 'GONE'"),
        ({"prefix_limits": "OURS"}, "code 'prefix-limits' of controls, test_code:OURS, is there already"),
    ],
)
def test_a_bad_package_is_one_line(values: dict[str, str], said: str, packages: Callable[..., None]) -> None:
    packages(**values)
    with pytest.raises(UnusableError) as caught:
        coded.code("whatever")
    assert str(caught.value).replace(__name__, "test_code") == said


OURS = coded.OURS["prefix-limits"]
