"""A `DeviceIntent` into the text that the device should run, a `HostIntent` into files: ever the same bytes.

A platform is a folder of templates and a feature is a file in it; `host` has the files of hosts. A city may
override any file by a folder of its own, laid out alike, that is searched first.
"""

from __future__ import annotations

import functools
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from infra_ctl.intent.host import HostIntent
from infra_ctl.intent.model import DeviceIntent
from infra_ctl.intent.openings import PORTS
from infra_ctl.intent.part import HostPart

_PACKAGE = Path(__file__).resolve().parent


def render(device: DeviceIntent, overrides: Path | None = None) -> str:
    """Configuration text of a device, its secrets as `vault:` references.

    Raises jinja2.TemplateError where a template is broken or names what an intent does not have.
    """
    return _template(device.platform, "device", overrides).render(device=device)


def day0(device: DeviceIntent, overrides: Path | None = None) -> str:
    """What a device leaves the workshop with: its loopback, its uplinks, and ways back over them.

    It needs nothing of a neighbour but an address. The loopback is in it because FRR takes an address off the
    kernel with the line that sets it: a first deployment that is taken back would take the management address
    with it. Raises as `render`.
    """
    return _template(device.platform, "day0", overrides).render(device=device)


def host_text(name: str, host: HostIntent | HostPart, overrides: Path | None = None, **more: object) -> str:
    """Text of a file on a host, from the template `host/<name>.j2`; `more` is what the role alone knows.

    Raises as `render`.
    """
    return _environment(overrides).get_template(f"host/{name}.j2").render(host=host, ports=PORTS, **more)


def page(name: str, overrides: Path | None = None, **values: object) -> str:
    """A page from the template `report/<name>.html.j2`; all that is put in is escaped. Raises as `render`."""
    environment = _environment(overrides).overlay(autoescape=True)
    return environment.get_template(f"report/{name}.html.j2").render(**values)


def schedule_text(name: str, **values: object) -> str:
    """A unit or a crontab that calls us, from the template `schedule/<name>.j2`. Raises as `render`."""
    return _environment(None).get_template(f"schedule/{name}.j2").render(**values)


@functools.cache
def _template(platform: str, name: str, overrides: Path | None) -> Template:
    return _environment(overrides).get_template(f"{platform}/{name}.conf.j2")


@functools.cache
def _environment(overrides: Path | None) -> Environment:
    folders = [overrides, _templates()] if overrides else [_templates()]
    return Environment(  # noqa: S701 - configuration text, not HTML
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def _templates() -> Path:
    """Inside the package where it is installed, beside it in a checkout."""
    packaged = _PACKAGE / "templates"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "templates"
