"""What somebody answers for although the law asks otherwise: one control, some objects, until a day."""

from __future__ import annotations

import datetime

from infra_ctl.inventory.fields import ControlId, Date, Slug, Text
from infra_ctl.inventory.strict import Model

LONGEST = datetime.timedelta(days=366)
"""From `since` to `until`: what is waived for longer is to be looked at again, and signed again."""


class Waiver(Model):
    """A failed control that is let be; `since` and `until` are its first and last day."""

    control: ControlId
    law: Slug | None = None
    """Which law's, where several have that control; of each of them without it."""
    objects: tuple[Slug, ...] = ()
    """Names of what the control is about."""
    where: Text | None = None
    """In their place a selector of devices and hosts, where the control is about these."""
    reason: Text
    approver: Text
    """Who answers for it, by name and office."""
    decision: Text | None = None
    since: Date
    until: Date

    def is_in_force(self, day: datetime.date) -> bool:
        return self.since <= day <= self.until

    @property
    def in_words(self) -> str:
        """Why, who and until when; without a word of any language."""
        who = f"{self.approver} ({self.decision})" if self.decision else self.approver
        return f"{self.reason} · {who} · {self.since} → {self.until}"
