"""OpenSCAP: a real one is run on this machine; its results are read, brought from elsewhere, and refused."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from infra_ctl.audit.collecting.part import Part
from infra_ctl.audit.openscap.brought import bring, kept
from infra_ctl.audit.openscap.evidence import part
from infra_ctl.audit.openscap.examining import examine
from infra_ctl.audit.openscap.results import Results, read
from infra_ctl.audit.openscap.running import SCRIPT, evaluate
from infra_ctl.controls.asked import Asked
from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.judging import judge, rules
from infra_ctl.controls.loading import shipped
from infra_ctl.drivers.command import CommandRunner, LocalRunner
from infra_ctl.errors import RefusedError, UnreachableError, UnusableError
from infra_ctl.journal.records import now
from infra_ctl.outcome import Verdict

AT = datetime(2026, 11, 27, 1, 0)
RULE = "xccdf_org.ssgproject.content_rule_"
XCCDF = "http://checklists.nist.gov/xccdf/1.2"


def written(
    *,
    host: str = "dc-app-1",
    end: str = "2026-11-27T07:00:00+07:00",
    found: str = "pass",
    of: str = XCCDF,
    head: str = "",
) -> str:
    """Results as OpenSCAP writes them: two rules, of which one has `found`, and one that is not selected."""
    said = {
        "file_owner_etc_shadow": "pass",
        "package_nis_removed": found,
        "package_aide_installed": "notselected",
    }
    every = "".join(
        f'<rule-result idref="{RULE}{rule}" severity="high"><result>{each}</result></rule-result>'
        for rule, each in said.items()
    )
    named = "".join(f'<Rule id="{RULE}{rule}"><title>Title of\n {rule}</title></Rule>' for rule in said)
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<Benchmark xmlns="{of}" id="xccdf_org.ssgproject.content_benchmark_DEBIAN-11"><title>A guide</title>
<Group id="g"><title>A group</title>{named}</Group>
<TestResult id="t" end-time="{end}" version="0.1.65">
<benchmark id="xccdf_org.ssgproject.content_benchmark_DEBIAN-11"/>
<profile idref="xccdf_org.ssgproject.content_profile_standard"/>
<target>{host}</target><target-address>10.17.32.16</target-address>
<target-address>2001:db8:9212:0:0:0:0:10</target-address>
{every}</TestResult></Benchmark>
"""


def results(text: str) -> Results:
    return read(BytesIO(text.encode()))


def values(found: Part, name: str) -> list[object]:
    return [fact.value for fact in found.facts[name]]


def test_results_are_facts_with_their_rule_its_title_and_their_age() -> None:
    found = part(results(written(found="fail")), AT)

    assert [str(fact.line) for fact in found.facts["scap.failed"]] == [
        "oscap DEBIAN-11 0.1.65: fail package_nis_removed (high): Title of package_nis_removed"
    ]
    assert values(found, "scap.passed") == ["file_owner_etc_shadow"]
    assert values(found, "scap.unknown") == []
    assert values(found, "scap.used") == [True]
    (age,) = found.facts["scap.age"]
    assert (age.value, age.line.text) == (3600, "profile standard, 2026-11-27 00:00:00 UTC")
    assert found.missing == {}


@pytest.mark.parametrize("found", ["error", "unknown", "notchecked"])
def test_what_oscap_could_not_tell_is_neither(found: str) -> None:
    said = part(results(written(found=found)), AT)
    assert (values(said, "scap.failed"), values(said, "scap.unknown")) == ([], ["package_nis_removed"])


def test_rules_of_which_none_applies_are_no_evidence() -> None:
    text = written(found="notapplicable").replace("<result>pass<", "<result>notapplicable<")

    found = part(results(text), AT)

    assert values(found, "scap.used") == [True]
    assert set(found.missing) == {"scap.age", "scap.failed", "scap.passed", "scap.unknown"}
    assert found.missing["scap.passed"].startswith("not one rule of DEBIAN-11 0.1.65 applies to it")


def test_an_asset_report_is_read_too_and_of_several_results_the_newest() -> None:
    first, second = (
        written(end=f"2026-11-2{day}T00:00:00Z", found=said) for day, said in ((1, "pass"), (2, "fail"))
    )
    inner = "".join(each.partition("\n")[2] for each in (second, first))
    found = results(f'<arf:asset-report-collection xmlns:arf="x">{inner}</arf:asset-report-collection>')

    assert found.at == datetime(2026, 11, 22)
    assert {rule.result for rule in found.rules} == {"pass", "fail"}


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no whole XML: no element found"),
        (written()[:-40], "is no whole XML"),
        ("<html><body/></html>", "has no results of XCCDF 1.2"),
        (written(of="http://checklists.nist.gov/xccdf/1.1"), "has no results of XCCDF 1.2"),
        (written(end=""), "does not say when it was made: '' is no time"),
        (written(head=BOMB).replace("A guide", "&b;"), "declares types or entities"),
        (written(head='<!DOCTYPE x SYSTEM "file:///etc/passwd">'), "declares types or entities"),
    ],
    ids=["empty", "truncated", "html", "older", "timeless", "bomb", "outside"],
)
def test_what_is_no_results_is_told_in_a_line(text: str, says: str) -> None:
    with pytest.raises(UnusableError, match=says) as told:
        results(text)
    assert "\n" not in str(told.value)


def test_results_are_brought_for_the_host_that_they_are_of(tmp_path: Path) -> None:
    file, folder = tmp_path / "results.xml", tmp_path / "var" / "scap"
    file.write_text(written(found="fail"))
    assert kept(folder, "dc-app-1") is None

    done = bring(folder, "dc-app-1", ["DC-APP-1", "dc-app-1.cantho.example"], file, AT)
    assert kept(folder, "dc-app-1") == done == results(written(found="fail"))
    assert bring(folder, "dc-app-1", ["2001:db8:9212::10"], file, AT) == done, "an address is a name too"

    with pytest.raises(RefusedError, match=r"has the results of 10.17.32.16, .*dc-app-1, and not of dc-db-1"):
        bring(folder, "dc-db-1", ["dc-db-1"], file, AT)
    file.write_text(written(end="2026-11-26T00:00:00Z"))
    with pytest.raises(RefusedError, match="there are results of 2026-11-27 00:00:00 UTC"):
        bring(folder, "dc-app-1", ["dc-app-1"], file, AT)
    file.write_text(written(end="2099-11-26T00:00:00Z"))
    with pytest.raises(RefusedError, match="is of 2099-11-26 00:00:00 UTC, which is yet to come"):
        bring(folder, "dc-app-1", ["dc-app-1"], file, AT)
    file.write_text("<")
    with pytest.raises(UnusableError, match=f"{file} is no whole XML"):
        bring(folder, "dc-app-1", ["dc-app-1"], file, AT)
    with pytest.raises(UnusableError, match=r"nothing.xml: No such file or directory"):
        bring(folder, "dc-app-1", ["dc-app-1"], tmp_path / "nothing.xml", AT)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"form": 1}', "is damaged"),
        ('{"form": 9}', "of another version"),
    ],
)
def test_what_is_kept_and_cannot_be_read_is_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "dc-app-1.json").write_text(text)
    with pytest.raises(UnusableError, match=says):
        kept(tmp_path, "dc-app-1")


@dataclass(frozen=True, slots=True)
class Session:
    """A way to a host, and whether it was closed."""

    runner: CommandRunner
    sudo: bool = False


Stub = Callable[..., CommandRunner]


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    """A host of whose programs `oscap` is a script, or is not there; all others are this machine's."""

    def made(script: str = "") -> CommandRunner:
        programs = tmp_path / "bin"
        programs.mkdir(exist_ok=True)
        for name in ("seq", "mktemp", "sed", "rm", "nice", "timeout", "gzip", "tail", "cat", "sh"):
            if not (programs / name).exists():
                (programs / name).symlink_to(shutil.which(name) or "")
        if script:
            (programs / "oscap").write_text(f"#!/bin/sh\n{script}")
            (programs / "oscap").chmod(0o755)
        return LocalRunner("dc-app-1", environment={"PATH": str(programs), "TMPDIR": str(tmp_path)})

    return made


def writing(text: str, code: int) -> str:
    """An oscap that writes `text` to where its results are to be."""
    return f"cat > \"$6\" <<'END'\n{text}END\nexit {code}\n"


def test_a_host_without_oscap_is_told_from_one_that_cannot_be_reached(stub: Stub, tmp_path: Path) -> None:
    def unreachable(name: str) -> Session:
        raise UnreachableError(name, "no route to host")

    def ask(way: Callable[[str], Session]) -> Part:
        return examine(way, tmp_path, ("host", "dc-app-1"), AT)

    absent, gone = ask(lambda _: Session(stub())), ask(unreachable)
    assert values(absent, "scap.used") == [False]
    assert absent.missing["scap.failed"].startswith("OpenSCAP is not installed")
    assert gone.facts == {}
    assert gone.missing["scap.used"] == "no route to host"

    (tmp_path / "results.xml").write_text(written())
    bring(tmp_path, "dc-app-1", ["dc-app-1"], tmp_path / "results.xml", AT)
    for found in (ask(lambda _: Session(stub())), ask(unreachable)):
        assert values(found, "scap.passed") == ["file_owner_etc_shadow", "package_nis_removed"]
        assert found.facts["scap.age"][0].line.document == "oscap, imported: DEBIAN-11 0.1.65"

    (tmp_path / "dc-app-1.json").write_text("{")
    assert "is damaged" in ask(unreachable).missing["scap.failed"]
    assert examine(unreachable, tmp_path, ("device", "dc-core1"), AT) == Part()


needs_content = pytest.mark.skipif(
    not Path("/usr/share/xml/scap/ssg/content").is_dir(), reason="needs ssg-debian"
)


@needs_content
@pytest.mark.parametrize("code", [0, 2])
def test_what_oscap_writes_comes_home_and_nothing_stays(stub: Stub, tmp_path: Path, code: int) -> None:
    runner = stub(writing(written(found="fail"), code))

    assert evaluate(runner, "dc-app-1", sudo=False) == results(written(found="fail"))
    assert [each.name for each in tmp_path.iterdir()] == ["bin"]


@needs_content
@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'OpenSCAP Error: no such profile'; exit 1", "oscap: OpenSCAP Error: no such profile"),
        ("exit 124", "oscap: it was not done within 300 s"),
        ("echo nothing to do; exit 0", "oscap: nothing to do"),
        (writing(written()[:-40], 2), "what oscap wrote is no whole XML"),
    ],
    ids=["error", "late", "silent", "truncated"],
)
def test_an_oscap_of_which_nothing_comes_is_missing_evidence(
    stub: Stub, tmp_path: Path, script: str, says: str
) -> None:
    way = Session(stub(script))

    found = examine(lambda _: way, tmp_path, ("host", "dc-app-1"), AT)

    assert values(found, "scap.used") == [True]
    assert says in found.missing["scap.failed"]
    assert [each.name for each in tmp_path.iterdir()] == ["bin"]


SEEDED = """
cp -p /etc/shadow "$SEEDED" && chmod 0644 "$SEEDED" && mount --bind "$SEEDED" /etc/shadow && exec "$@"
"""


@pytest.mark.skipif(
    shutil.which("oscap") is None or os.geteuid() != 0, reason="needs root, openscap-scanner and ssg-debian"
)
def test_a_real_one_finds_what_everybody_may_read(tmp_path: Path) -> None:
    """In mounts of its own, where everybody may read the passwords' hashes; on this machine nobody may."""
    mounted = ("unshare", "--mount", "/bin/sh", "-c", SEEDED, "sh")
    runner = LocalRunner("here", mounted, {"SEEDED": str(tmp_path / "shadow")})

    found = evaluate(runner, "here", sudo=False)

    assert (found.benchmark.partition("-")[0], found.profile) == ("DEBIAN", "standard")
    assert timedelta(0) <= now() - found.at < timedelta(minutes=10)
    assert found.are_of([os.uname().nodename])
    by = {rule.name: rule for rule in found.rules}
    assert by["file_permissions_etc_shadow"].result == "fail"
    owner = by["file_owner_etc_passwd"]
    assert (owner.result, owner.title) == ("pass", "Verify User Who Owns passwd File")
    assert part(found, now()).missing == {}


def test_the_law_asks_for_some_of_its_rules_and_only_where_there_is_one() -> None:
    law = shipped()["tcvn-14423-2026"]
    control = {each.control.id: each for each in rules([law], lambda _: lambda _: True)["host"]}["SRV-16"]

    def verdict(found: Part, level: int = 3) -> Verdict:
        exhibit = Exhibit("host", "dc-app-1", AT, found.documents, found.facts, found.missing)
        (finding,) = judge(Asked("host", "dc-app-1", level), exhibit, [control])
        return finding.verdict

    good = results(written())
    other = written(found="fail").replace("package_nis_removed", "partition_for_tmp")
    assert verdict(part(good, AT)) is Verdict.PASS
    assert verdict(part(good, AT + timedelta(days=36))) is Verdict.FAIL
    assert verdict(part(results(written(found="fail")), AT)) is Verdict.FAIL
    assert verdict(part(results(written(found="error")), AT)) is Verdict.FAIL
    assert verdict(part(results(other), AT)) is Verdict.PASS
    assert verdict(part(good, AT), level=1) is Verdict.SKIP


def test_the_script_is_a_shells() -> None:
    assert LocalRunner("here").run("sh -n", SCRIPT.encode()).rc == 0
