"""Where one works: inventory and network, what of the city exists there, and how it is reached."""

from infra_ctl.context.named import Context, context

__all__ = ["Context", "context"]
