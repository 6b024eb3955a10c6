"""Thin Prometheus exporters over infra_ctl; `infra-ctl export NAME` finds them by entry point."""
