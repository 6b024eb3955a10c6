"""What an IPv6 stage means on a device: one small table, read by everything that builds intent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra_ctl.inventory.kinds import Lan, Stage, Zone


@dataclass(frozen=True, slots=True)
class Meaning:
    """What of IPv6 is on a device of a stage; each holds for all later stages too."""

    addressed: bool
    """Loopback and links have addresses."""
    routed: bool
    """OSPFv3 and BGP over IPv6 run."""
    lans: bool
    """LANs have a prefix each and router advertisements."""
    preference: Literal["medium", "high"]
    """What hosts are told of this router (RFC 4191)."""
    ipv4_lans: bool
    """LANs other than management still have IPv4."""

    def ipv4_on(self, lan: Lan | Zone) -> bool:
        """Management keeps IPv4 for good: it is the way back."""
        return self.ipv4_lans or lan in (Lan.MANAGEMENT, Zone.MANAGEMENT)


def meaning(stage: Stage) -> Meaning:
    """The row of a stage."""
    return _MEANINGS[stage]


_NOTHING = Meaning(addressed=False, routed=False, lans=False, preference="medium", ipv4_lans=True)
_MEANINGS: dict[Stage, Meaning] = {
    Stage.NONE: _NOTHING,
    Stage.PLANNED: _NOTHING,
    Stage.ADDRESSED: Meaning(addressed=True, routed=False, lans=False, preference="medium", ipv4_lans=True),
    Stage.ROUTED: Meaning(addressed=True, routed=True, lans=False, preference="medium", ipv4_lans=True),
    Stage.DUAL: Meaning(addressed=True, routed=True, lans=True, preference="medium", ipv4_lans=True),
    Stage.PREFERRED: Meaning(addressed=True, routed=True, lans=True, preference="high", ipv4_lans=True),
    Stage.V6ONLY: Meaning(addressed=True, routed=True, lans=True, preference="high", ipv4_lans=False),
}
