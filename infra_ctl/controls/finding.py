"""What an audit says of one object: one control, judged on one exhibit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from infra_ctl.controls.exhibit import Kind, Line
from infra_ctl.controls.model import Severity, Words
from infra_ctl.outcome import Verdict

Key: TypeAlias = tuple[str, str, Kind, str]
"""Law, control, and the kind and name of an object."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with its reasons and the very lines that prove it."""

    law: str
    control: str
    kind: Kind
    object: str
    severity: Severity
    level: int
    """The object's security level, by which it was judged."""
    threshold: str
    """What is asked at that level; empty where nothing is."""
    verdict: Verdict
    reasons: tuple[Words, ...]
    lines: tuple[Line, ...]
    """At most `judging.QUOTED` of them."""
    unquoted: int
    """How many lines more prove it."""
    taken: datetime
    """When its evidence was collected, UTC."""
    waiver: str = ""
    """Why it is waived, or was until the waiver ended: reason, approver and day. Empty without one."""

    @property
    def key(self) -> Key:
        """What it is a finding of, in whichever audit."""
        return self.law, self.control, self.kind, self.object
