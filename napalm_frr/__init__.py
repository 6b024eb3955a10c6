"""Where NAPALM looks for a driver called `frr`: `napalm.get_network_driver("frr")`."""

from infra_ctl.drivers.frr.driver import FRRDriver

__all__ = ["FRRDriver"]
