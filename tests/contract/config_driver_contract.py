"""What every ConfigDriver promises, as tests: a driver's test class inherits them and names its device."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest

from infra_ctl.drivers.base import Address, ConfigDriver, Ping, Reading, TakenBack
from infra_ctl.errors import BusyError, RejectedError


@dataclass(frozen=True, slots=True)
class Subject:
    """A device under test, as its subclass prepares it."""

    connect: Callable[[], ConfigDriver]
    """A new session with the same device each time."""
    changed: Callable[[str], str]
    """From the running configuration to another that is valid."""
    rejected: Callable[[str], str]
    """From the running configuration to one that the device refuses."""
    own: Address
    """An address of the device: it answers."""
    silent: Address
    """An address that nobody has."""
    pass_time: Callable[[float], None] = time.sleep


class ConfigDriverContract:
    """Inherit, and give a `subject` fixture."""

    SECONDS: ClassVar[int] = 30
    """A timer that does not run out during a test."""

    @pytest.fixture
    def driver(self, subject: Subject):
        with subject.connect() as driver:
            yield driver

    @pytest.fixture
    def base(self, driver: ConfigDriver) -> str:
        return driver.read()

    @pytest.fixture
    def candidate(self, subject: Subject, base: str) -> str:
        return subject.changed(base)

    def apply(
        self, driver: ConfigDriver, candidate: str, base: str, token: str = "run-1", seconds: int = SECONDS
    ):
        driver.apply(candidate, base=base, revert_in=seconds, token=token)

    def test_reading_changes_nothing(self, driver, base):
        assert base
        assert driver.read() == base
        assert driver.pending() is None
        assert driver.reading() == Reading(base, None)

    def test_the_running_configuration_needs_no_change(self, driver, base):
        assert driver.stage(base) == ""

    def test_staging_shows_a_change_and_makes_none(self, driver, base, candidate):
        diff = driver.stage(candidate)
        assert {"+", "-"} & {line[0] for line in diff.splitlines()}
        assert {line[0] for line in diff.splitlines()} <= {"+", "-", " "}
        assert driver.read() == base

    def test_staging_refuses_what_the_device_would(self, driver, base, subject):
        with pytest.raises(RejectedError):
            driver.stage(subject.rejected(base))
        assert driver.read() == base

    def test_an_applied_candidate_is_pending_until_confirmed(self, driver, base, candidate):
        self.apply(driver, candidate, base)
        pending = driver.pending()
        assert pending is not None
        assert pending.token == "run-1"
        assert 0 < pending.seconds_left <= self.SECONDS
        driver.confirm("run-1")
        assert driver.pending() is None
        assert driver.stage(candidate) == ""

    def test_another_session_confirms(self, driver, subject, base, candidate):
        self.apply(driver, candidate, base)
        with subject.connect() as other:
            assert other.pending().token == "run-1"
            seen = other.reading()
            assert (seen.running, seen.pending.token) == (other.read(), "run-1")
            other.confirm("run-1")
        assert driver.pending() is None

    def test_the_same_candidate_again_changes_nothing(self, driver, base, candidate):
        self.apply(driver, candidate, base)
        driver.confirm("run-1")
        once = driver.read()
        assert driver.stage(candidate) == ""
        self.apply(driver, candidate, once, token="run-2")
        driver.confirm("run-2")
        assert driver.read() == once

    def test_restoring_brings_the_old_configuration_back(self, driver, base, candidate):
        self.apply(driver, candidate, base)
        driver.restore("run-1")
        assert driver.pending() is None
        assert driver.stage(base) == ""

    def test_an_unconfirmed_commit_is_taken_back(self, driver, subject, base, candidate):
        self.apply(driver, candidate, base, seconds=5)
        assert driver.stage(base) != ""
        for _ in range(10):
            subject.pass_time(1)
            if driver.pending() is None:
                break
        assert driver.pending() is None
        assert driver.stage(base) == ""
        assert driver.reading().taken_back == TakenBack("run-1", "timer")
        with pytest.raises(BusyError):
            driver.confirm("run-1")
        self.apply(driver, candidate, driver.read())
        assert driver.reading().taken_back is None, "the run goes on: it is another commit of the same token"

    def test_a_lease_keeps_others_out_until_it_is_given_back(self, driver, subject, base, candidate):
        fence = driver.lease("an@noc1", "run-1", 60)
        assert driver.lease("an@noc1", "run-1", 60) == fence, "renewed"
        with subject.connect() as other:
            with pytest.raises(BusyError, match="an@noc1"):
                other.lease("binh@noc2", "run-2", 60)
            with pytest.raises(BusyError, match="an@noc1"):
                self.apply(other, candidate, base, token="run-2")
            assert driver.read() == base
            driver.release("run-1")
            driver.release("run-1")
            assert other.lease("binh@noc2", "run-2", 60) == fence + 1
            driver.release("run-1")  # it is not ours any more
            with pytest.raises(BusyError, match="binh@noc2"):
                driver.lease("an@noc1", "run-1", 60)
            other.release("run-2")

    def test_a_lease_that_ran_out_and_was_taken_over_is_noticed(self, driver, subject, base, candidate):
        """Whoever had it does not know; the number does."""
        fence = driver.lease("an@noc1", "run-1", 2)
        subject.pass_time(3)
        with subject.connect() as other:
            assert other.lease("binh@noc2", "run-2", 60) == fence + 1
            other.release("run-2")
        with pytest.raises(BusyError, match=f"lease {fence} was taken over"):
            driver.apply(candidate, base=base, revert_in=self.SECONDS, token="run-1", fence=fence)
        assert driver.read() == base
        assert driver.pending() is None

    def test_a_holder_commits_and_confirms(self, driver, base, candidate):
        fence = driver.lease("an@noc1", "run-1", 60)
        driver.apply(candidate, base=base, revert_in=self.SECONDS, token="run-1", fence=fence)
        driver.confirm("run-1")
        driver.release("run-1")
        assert driver.stage(candidate) == ""

    def test_nothing_is_leased_under_a_commit_that_is_pending(self, driver, subject, base, candidate):
        self.apply(driver, candidate, base)
        with subject.connect() as other, pytest.raises(BusyError, match="run-1 is pending"):
            other.lease("binh@noc2", "run-2", 60)
        driver.restore("run-1")

    def test_a_changed_base_is_not_touched(self, driver, base, candidate):
        with pytest.raises(BusyError):
            self.apply(driver, candidate, base + "!\n! somebody else\n")
        assert driver.pending() is None
        assert driver.read() == base

    def test_a_pending_commit_keeps_others_out(self, driver, base, candidate):
        self.apply(driver, candidate, base)
        running = driver.read()
        with pytest.raises(BusyError):
            self.apply(driver, base, running, token="run-2")
        assert driver.pending().token == "run-1"
        assert driver.read() == running

    def test_only_its_own_token_confirms(self, driver, base, candidate):
        with pytest.raises(BusyError):
            driver.confirm("run-1")
        self.apply(driver, candidate, base)
        with pytest.raises(BusyError):
            driver.confirm("run-2")
        assert driver.pending().token == "run-1"

    def test_a_rejected_candidate_leaves_the_old_configuration(self, driver, subject, base):
        with pytest.raises(RejectedError):
            self.apply(driver, subject.rejected(base), base)
        assert driver.pending() is None
        assert driver.stage(base) == ""

    def test_state_has_interfaces(self, driver):
        state = driver.state()
        assert state.interfaces
        assert all(interface.name and interface.mtu > 0 for interface in state.interfaces)

    def test_pings_are_answered_in_order(self, driver, subject):
        own, silent = Ping(subject.own, subject.own), Ping(subject.silent, subject.own)
        assert driver.ping([]) == ()
        assert driver.ping([own, silent, own]) == (True, False, True)
