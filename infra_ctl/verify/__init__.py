"""Is the network as the inventory says? Looks collect, judgements are pure."""

from infra_ctl.verify.judgement import judge
from infra_ctl.verify.looking import Changed, at_stake, look, unmet

__all__ = ["Changed", "at_stake", "judge", "look", "unmet"]
