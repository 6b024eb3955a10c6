"""Ansible's way to the city's inventory: `ansible-playbook -i inventory/infra_ctl.yml playbooks/survey.yml`.

Thin: who there is and how each is logged in to is infra_ctl.procedure.roster's to say.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

DOCUMENTATION = r"""
name: infra_ctl
short_description: The city's inventory of infra-ctl
description:
  - Routers and hosts of the folder that this file is in, how each is logged in to, and their groups.
  - C(routers), C(hosts), C(role_core), C(pop_nk), C(site_nk_cai_khe), C(kind_commune), C(zone_dmz),
    C(level_3), C(ipv6_dual), C(drained), C(isolated).
  - The folder is this file's, whatever C(INFRA_CTL_INVENTORY) names; a warning says where that is another.
  - Needs infra-ctl in the Python that runs Ansible; finds it in a checkout by itself. Gives no secrets.
  - In a twin (C(lab)) the process moves into the twin's management namespace, so root has to run it.
options:
  plugin:
    description: Must be C(infra_ctl).
    required: true
    choices: [infra_ctl]
  context:
    description: Which network, C(live), C(lab) or C(lab:NAME).
    type: str
    default: live
    env:
      - name: INFRA_CTL_CONTEXT
"""

NAMES = ("infra_ctl.yml", "infra_ctl.yaml")
"""Only these: the folder is full of YAML that is none of Ansible's."""


class InventoryModule(BaseInventoryPlugin):
    """See DOCUMENTATION."""

    NAME = "infra_ctl"

    def verify_file(self, path):
        """Whether a file is the one that means this plugin."""
        return super().verify_file(path) and Path(path).name in NAMES

    def parse(self, inventory, loader, path, cache=True):
        """Give Ansible what there is. Raises AnsibleParserError, in words that a person can act on."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        folder = Path(path).parent
        self._tell_of_another(folder)
        try:
            for member in _members(self.get_option("context"), folder):
                self._add(member)
        except ImportError as error:
            here = f"{sys.executable} has no {error.name}"
            raise AnsibleParserError(f"{here}: install infra-ctl into the Python that runs Ansible") from None
        except _infra_ctl_error() as error:
            raise AnsibleParserError(str(error)) from None

    def _tell_of_another(self, folder):
        """The file that is named goes before INFRA_CTL_INVENTORY, and who set that should know."""
        named = os.environ.get("INFRA_CTL_INVENTORY")
        if named and Path(named).resolve() != folder.resolve():
            self.display.warning(f"this is the inventory in {folder}: INFRA_CTL_INVENTORY names {named}")

    def _add(self, member):
        self.inventory.add_host(member.name)
        for name in member.groups:
            self.inventory.add_group(name)
            self.inventory.add_child(name, member.name)
        for name, value in member.variables.items():
            self.inventory.set_variable(member.name, name, value)


def _infra_ctl_error():
    try:
        from infra_ctl.errors import InfraCtlError
    except ImportError:
        return ()
    return InfraCtlError


def _members(context_name, folder):
    """All of a network. In a twin this process, which has started no other yet, moves inside."""
    _find_package()
    from infra_ctl.cli.roster import members

    return members(context_name, folder)


def _find_package():
    """A checkout has the package beside its playbooks; one that is installed goes before it."""
    try:
        import infra_ctl  # noqa: F401
    except ImportError:
        sys.path.append(str(Path(__file__).resolve().parents[2]))
