"""Is the network as the inventory says? Looks collect, judgements are pure."""

from infra_ctl.verify.judgement import judge
from infra_ctl.verify.looking import answering, look, unmet

__all__ = ["answering", "judge", "look", "unmet"]
