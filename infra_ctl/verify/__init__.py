"""Is the network as the inventory says? Looks collect, judgements are pure."""

from infra_ctl.verify.judgement import judge
from infra_ctl.verify.looking import look, unmet

__all__ = ["judge", "look", "unmet"]
