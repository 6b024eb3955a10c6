"""The web server, nginx: systems that a host serves, those it stands before, signatures on their mirrors.

What a system's content is, is its owner's: it lies in /srv/www/<system>, where only the first page is ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.change.operations import File, Folder, Operation, Packages, Run, Service
from infra_ctl.hosts.roles.certificate import certificate, files
from infra_ctl.intent.host import HostIntent
from infra_ctl.render import host_text

CONF = "/etc/nginx/nginx.conf"


def web(host: HostIntent) -> tuple[Operation, ...]:
    """All of its configuration is one file: what was in others is not served."""
    public, key = files("web")
    return (
        Packages(id="web/packages", names=("nginx-light",)),
        *certificate(host, "web", "root"),
        *_contents(host),
        File(
            id="web/conf",
            path=CONF,
            text=host_text("nginx.conf", host, certificate=public, key=key),
            validate_by="nginx -tqc {}",
        ),
        Service(id="web/nginx", unit="nginx", reload_after=("web/conf",), test="nginx -tq"),
    )


def _contents(host: HostIntent) -> Iterator[Operation]:
    for system in dict.fromkeys(site.system for site in host.sites if not site.upstreams):
        folder = f"/srv/www/{system}"
        yield Folder(id=f"web/{system}", path=folder)
        yield Run(
            id=f"web/{system}-first-page",
            command=f"echo {system} >{folder}/index.html",
            unless=f'test -n "$(ls -A {folder})"',
        )
