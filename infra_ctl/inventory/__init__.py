"""The city as data: files in, one checked `Inventory` out."""

from infra_ctl.inventory.devices import Device, Port, devices, port, site_levels
from infra_ctl.inventory.loader import load
from infra_ctl.inventory.models import Inventory

__all__ = ["Device", "Inventory", "Port", "devices", "load", "port", "site_levels"]
