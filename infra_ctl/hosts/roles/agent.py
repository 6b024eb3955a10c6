"""A router's SNMP agent: SNMPv3 with authentication and privacy, and for monitoring alone."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Run
from infra_ctl.hosts.roles import loading
from infra_ctl.intent.part import HostPart
from infra_ctl.render import host_text

SCRIPT = loading.script_of("agent")
RULES = loading.rules_of("agent")
ALIASES = "/run/infra-ctl-aliases.conf"
UNDO = f"{{ service snmpd stop; {loading.without('agent')}; }}"


def agent(part: HostPart) -> tuple[Operation, ...]:
    """It is started anew where anything of it changed, and by nothing else."""
    if part.agent is None:
        return ()
    return (
        File(id="agent/rules", path=RULES, text=host_text("agent.nft", part), validate_by="nft -c -f {}"),
        File(
            id="agent/script",
            path=SCRIPT,
            text=host_text("agent.sh", part, aliases=ALIASES, rules=RULES),
            mode="755",
            validate_by="/bin/sh -n {}",
        ),
        File(
            id="agent/unit",
            path=f"{loading.UNITS}snmpd.service.d/infra-ctl.conf",
            text=host_text("snmpd.service", part, script=SCRIPT),
        ),
        File(
            id="agent/config",
            path="/etc/snmp/snmpd.conf",
            text=host_text("snmpd.conf", part, aliases=ALIASES),
            mode="600",
            validate_by=f"/bin/sh {SCRIPT} judge {{}}",
        ),
        Run(
            id="agent/restart",
            command=f"/bin/sh {SCRIPT} restart || {{ [ ! -e {SCRIPT} ] && {UNDO}; }}",
            unless=f"/bin/sh {SCRIPT} check",
            after=("agent/rules", "agent/script", "agent/unit", "agent/config"),
            undoes=True,
        ),
    )
