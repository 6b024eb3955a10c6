"""Files of a machine that the law judges it by, as far as infra-ctl writes them."""

from __future__ import annotations

from fnmatch import fnmatchcase

from infra_ctl.change.operations import File, Operation
from infra_ctl.hosts.roles.loading import rules_of

PAPERS = {
    "nftables": ("/etc/nftables.conf", rules_of("*")),
    "sshd": ("/etc/ssh/sshd_config.d/*.conf",),
    "snmpd": ("/etc/snmp/snmpd.conf",),
}
"""By the document that a machine says the same in: paths of files, by which it does so."""


def paper(operation: Operation) -> str:
    """Which document a file goes into; empty for all that is none of these files."""
    if not isinstance(operation, File):
        return ""
    found = (
        name for name, paths in PAPERS.items() if any(fnmatchcase(operation.path, each) for each in paths)
    )
    return next(found, "")
