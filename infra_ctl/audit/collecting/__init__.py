"""Collecting: one module a source, all of them read only."""
