"""What was done and what is kept, as evidence: drift, runs without a ticket, backups and who has them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from infra_ctl.audit.collecting.journalled import collect
from infra_ctl.audit.collecting.part import Part
from infra_ctl.backup.records import Author, Change
from infra_ctl.backup.records import Part as Kept
from infra_ctl.backup.repository import writing
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import PROCEDURE, Looked, Purpose, Run, RunState, Step, StepState, now
from infra_ctl.journal.store import Journal
from tests.unit.conftest import SmallCity

CONTEXT = "lab:x"
POP, HOST = "nk-pop1", "dc-app-1"
DEVICE = Kept(POP, "device")
PART = Kept(f"{POP}/host", "host")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield opened
    opened.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "backup" / "lab-x"


Collect = Callable[..., Part]


@pytest.fixture
def of(small: SmallCity, journal: Journal, place: Path) -> Collect:
    """What is collected of one object."""

    def one(
        name: str, kind: str = "device", *, parts: tuple[str, ...] = (), at: datetime | None = None
    ) -> Part:
        return collect(small.city, CONTEXT, journal, place, parts, at or now())[kind, name]  # type: ignore[index]

    return one


def values(part: Part, name: str) -> list[object]:
    return [fact.value for fact in part.facts[name]]


def lines(part: Part, name: str) -> list[str]:
    return [str(fact.line) for fact in part.facts[name]]


def run(journal: Journal, state: StepState, *, diff: str = "", kind: str = "deploy", **of: str) -> Run:
    purpose = Purpose(kind, CONTEXT, of.get("reason", ""), of.get("ticket", ""), "abc", of.get("undoes", ""))
    begun = journal.start_run(purpose, lambda run: [Step(run, POP, 1, StepState.WAITING, "", diff, "", "")])
    journal.record(begun.id, POP, state)
    journal.finish_run(begun.id, RunState.DONE, "")
    return begun


def keep(place: Path, *parts: Kept, text: str = "a\n") -> None:
    with writing(place, "a@b") as repository:
        at = now().replace(microsecond=0)
        notes = [((part.kind.capitalize(), part.name), ("Context", CONTEXT)) for part in parts]
        repository.keep(
            Change(
                part,
                {f"{part.place}/x" if part.kind == "host" else part.place: text},
                Author("x", "x@y"),
                at,
                "s",
                each,
            )
            for part, each in zip(parts, notes, strict=True)
        )
        repository.remember_read(part.name for part in parts)


def git(folder: Path, *words: str) -> None:
    done = subprocess.run(("git", "-C", folder, *words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_runs_without_a_ticket_or_a_reason_are_named_if_they_changed_something(
    journal: Journal, of: Collect, small: SmallCity
) -> None:
    run(journal, StepState.CONFIRMED, reason="IPv6", ticket="CT-812")
    bare = run(journal, StepState.CONFIRMED)
    no_ticket = run(journal, StepState.STOPPED, reason="video breaks up")
    run(journal, StepState.RESTORED)
    run(journal, StepState.DONE, kind=PROCEDURE, reason="survey")
    run(journal, StepState.DONE, kind=PROCEDURE, reason="patch zone=servers (check)", diff="upgrade")
    patched = run(journal, StepState.DONE, kind=PROCEDURE, reason="patch zone=servers", diff="upgrade")

    part = of(small.city.inventory.city.slug, "city")

    assert values(part, "change.unexplained") == [bare.id, no_ticket.id, patched.id]
    first, second, _ = lines(part, "change.unexplained")
    assert first.startswith(f"run {bare.id}: deploy of {bare.user}@{bare.host}, ")
    assert first.endswith("has no reason and no ticket")
    assert second.endswith("has no ticket")


def test_a_run_that_undoes_another_is_explained_by_that_one_and_old_ones_are_no_matter(
    journal: Journal, of: Collect, small: SmallCity
) -> None:
    slug = small.city.inventory.city.slug
    explained = run(journal, StepState.CONFIRMED, reason="IPv6", ticket="CT-812")
    run(journal, StepState.CONFIRMED, kind="rollback", undoes=explained.id)
    assert values(of(slug, "city"), "change.unexplained") == []

    bare = run(journal, StepState.CONFIRMED)
    undone = run(journal, StepState.CONFIRMED, kind="rollback", undoes=bare.id, reason="it was wrong")
    assert values(of(slug, "city"), "change.unexplained") == [bare.id, undone.id]
    assert values(of(slug, "city", at=now() + timedelta(days=91)), "change.unexplained") == []


def test_drift_is_what_the_last_look_counted_on_the_device_and_its_host_part(
    journal: Journal, of: Collect
) -> None:
    looks = [
        Looked(POP, now(), drifted=True, right=None, lines=3),
        Looked(f"{POP}/host", now(), drifted=False, right=now(), lines=0),
    ]
    journal.remember_looks(CONTEXT, looks)

    part = of(POP, parts=(f"{POP}/host",))

    assert values(part, "drift.lines") == [3]
    assert lines(part, "drift.lines")[0].startswith(f"infra-ctl drift: {POP}: 3 differ, ")
    assert "drift.lines" not in part.missing


@pytest.mark.parametrize(
    ("look", "cause"),
    [
        (None, "nobody has looked at nk-pop1 for drift yet"),
        (Looked(POP, now(), drifted=False, right=None), "an older version looked at nk-pop1"),
        (
            Looked(POP, now() - timedelta(hours=27), drifted=False, right=None, lines=0),
            "nobody has looked at nk-pop1 for drift since",
        ),
    ],
)
def test_an_old_look_or_none_is_no_evidence(
    journal: Journal, of: Collect, look: Looked | None, cause: str
) -> None:
    journal.remember_looks(CONTEXT, [look] if look else [])

    part = of(POP)

    assert "drift.lines" not in part.facts
    assert part.missing["drift.lines"].startswith(cause)


def test_nor_is_one_from_before_a_run(journal: Journal, of: Collect) -> None:
    journal.remember_looks(CONTEXT, [Looked(POP, now(), drifted=False, right=now(), lines=0)])
    after = run(journal, StepState.CONFIRMED)

    assert of(POP).missing["drift.lines"].startswith(f"run {after.id} was at {POP} since")


def test_without_backups_there_are_none_and_nobody_says_they_are_encrypted(of: Collect) -> None:
    part = of(POP)

    assert values(part, "backup.copies") == [0]
    assert [values(part, f"backup.{each}") for each in ("age", "elsewhere", "media")] == [[], [], []]
    assert "there is no backup in" in part.missing["backup.encrypted"]


def test_a_backup_alone_is_one_copy_of_its_age_and_says_what_git_is_told_of_it(
    of: Collect, place: Path
) -> None:
    keep(place, DEVICE)
    read = now()

    part = of(POP, at=read + timedelta(hours=2))

    (age,) = values(part, "backup.age")
    assert isinstance(age, float)
    assert 7200 <= age < 7210
    assert values(part, "backup.copies") == [1]
    assert values(part, "backup.elsewhere") == values(part, "backup.media") == []
    assert part.missing["backup.encrypted"].endswith(f"git -C {place} config infra-ctl.encrypted true")
    assert values(of("dc-core1"), "backup.copies") == [0], "nobody has read that one"

    git(place, "config", "infra-ctl.encrypted", "true")
    git(place, "config", "infra-ctl.media", "disk")
    git(place, "config", "infra-ctl.site", "dc")
    part = of(POP)
    assert values(part, "backup.encrypted") == [True]
    assert values(part, "backup.media") == ["disk"]
    assert lines(part, "backup.elsewhere") == [f"backup here: {place} at dc, on disk, encrypted"]


def test_remotes_are_copies_while_they_have_the_newest(
    of: Collect, place: Path, tmp_path: Path, small: SmallCity
) -> None:
    keep(place, DEVICE)
    for name, site, media in (("bk", "bk", "disk"), ("tape", "dc", "tape")):
        subprocess.run(("git", "init", "-q", "--bare", tmp_path / name), check=True)
        git(place, "remote", "add", name, str(tmp_path / name))
        git(place, "config", f"remote.{name}.site", site)
        git(place, "config", f"remote.{name}.media", media)
        git(place, "config", f"remote.{name}.encrypted", "true")
    git(place, "config", "infra-ctl.encrypted", "true")
    assert values(of(POP), "backup.copies") == [1], "nobody has pushed"

    git(place, "push", "-q", "bk", "main")
    git(place, "push", "-q", "tape", "main")
    part = of(POP)
    assert values(part, "backup.copies") == [3]
    assert values(part, "backup.elsewhere") == ["bk", "dc"]
    assert values(part, "backup.media") == ["disk", "tape"]
    assert len(values(part, "backup.age")) == 3

    keep(place, Kept("dc-core1", "device"))
    assert values(of(POP), "backup.copies") == [3], "another's change is no matter"
    keep(place, DEVICE, text="b\n")
    git(place, "push", "-q", "bk", "main")
    part = of(POP)
    assert values(part, "backup.copies") == [2], "the tape has the old one"
    assert values(part, "backup.encrypted") == [True]

    git(place, "config", "remote.bk.encrypted", "false")
    part = of(POP)
    assert values(part, "backup.encrypted") == [False]
    assert lines(part, "backup.encrypted") == [f"backup bk: {tmp_path / 'bk'} at bk, on disk, not encrypted"]

    git(place, "config", "remote.bk.url", f"file://{tmp_path}/bk")
    assert values(of(POP), "backup.copies") == [2], "that is the same folder"
    git(place, "config", "--unset", "infra-ctl.encrypted")
    assert values(of(POP), "backup.encrypted") == [False], "one is not, whatever another may be"
    git(place, "config", "remote.bk.site", small.city.intents[POP].site)
    assert values(of(POP), "backup.elsewhere") == [], "its own site is not elsewhere"
    (tmp_path / "bk").rename(tmp_path / "gone")
    assert values(of(POP), "backup.copies") == [1], "what was pushed once is there no more"


def test_a_remote_elsewhere_has_what_was_pushed_there(of: Collect, place: Path, tmp_path: Path) -> None:
    keep(place, DEVICE)
    subprocess.run(("git", "init", "-q", "--bare", tmp_path / "far"), check=True)
    git(place, "remote", "add", "far", str(tmp_path / "far"))
    git(place, "push", "-q", "far", "main")
    git(place, "config", "remote.far.url", "ssh://copies:secret@bk-log-1/srv/city.git")

    part = of(POP)

    assert values(part, "backup.copies") == [2]
    assert "ssh://bk-log-1/srv/city.git" in lines(part, "backup.copies")[0]
    assert "secret" not in lines(part, "backup.copies")[0]


def test_a_host_part_that_was_not_kept_makes_it_no_backup(of: Collect, place: Path, tmp_path: Path) -> None:
    keep(place, DEVICE)
    assert values(of(POP, parts=(PART.name,)), "backup.copies") == [0]

    subprocess.run(("git", "init", "-q", "--bare", tmp_path / "bk"), check=True)
    git(place, "remote", "add", "bk", str(tmp_path / "bk"))
    git(place, "push", "-q", "bk", "main")
    keep(place, PART)
    assert values(of(POP, parts=(PART.name,)), "backup.copies") == [1], "of the part only one has it"
    git(place, "push", "-q", "bk", "main")
    assert values(of(POP, parts=(PART.name,)), "backup.copies") == [2]


def test_a_repository_of_another_network_or_that_is_none_is_no_evidence(
    of: Collect, place: Path, small: SmallCity, journal: Journal
) -> None:
    keep(place, DEVICE)
    other = collect(small.city, "live", journal, place, (), now())["device", POP]
    assert "has the backups of context lab:x" in other.missing["backup.copies"]
    assert "backup.copies" not in other.facts

    (place / "infra-ctl-read.json").write_text("{")
    assert "is damaged" in of(POP).missing["backup.age"]
