"""What the inventory says, and what follows from it: a module a subject, each fact with its line."""

from infra_ctl.audit.collecting.written.collect import collect, of

__all__ = ["collect", "of"]
