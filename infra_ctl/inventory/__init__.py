"""The city as data: files in, one checked `Inventory` out."""

from infra_ctl.inventory.devices import Device, Port, devices, host_levels, port, site_levels
from infra_ctl.inventory.loader import load
from infra_ctl.inventory.models import Inventory

__all__ = ["Device", "Inventory", "Port", "devices", "host_levels", "load", "port", "site_levels"]
