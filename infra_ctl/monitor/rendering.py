"""All files of the stack into a folder: checked by the tools that will read them, then all or none."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.errors import RefusedError, SecretError, UnusableError
from infra_ctl.inventory.kinds import Language
from infra_ctl.inventory.monitoring import SnmpExporter
from infra_ctl.monitor.alertmanager import alertmanager_files
from infra_ctl.monitor.exporters import exporter_files
from infra_ctl.monitor.files import MonitorFile
from infra_ctl.monitor.grafana import grafana_files
from infra_ctl.monitor.owning import PRIVATE, Owner, settle
from infra_ctl.monitor.probers import prober_files
from infra_ctl.monitor.prometheus import prometheus_files
from infra_ctl.monitor.rules import rule_files
from infra_ctl.monitor.stack import Stack
from infra_ctl.monitor.web import web_files

MARK = ".infra-ctl-monitor"
"""In a folder that is ours to replace."""
PATIENCE = 60
STAND_IN = "http://127.0.0.1:1/"
SNMP_EXPORTER = "prometheus-snmp-exporter"
CHECKS: tuple[tuple[str, ...], ...] = (
    ("promtool", "check", "rules", "rules/*.yml"),
    ("promtool", "check", "config", "--syntax-only", "prometheus.yml"),
    ("amtool", "check-config", "alertmanager.yml"),
    ("prometheus-blackbox-exporter", "--config.check", "--config.file=blackbox.yml"),
    (SNMP_EXPORTER, "--dry-run", "--config.file=snmp.yml"),
)
"""Rules have a check of their own: syntax-only looks into no other file, and certificates are elsewhere."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and which tools had a look at it."""

    files: tuple[MonitorFile, ...]
    checked: tuple[str, ...]
    absent: tuple[str, ...]
    """Tools that are not installed here, or not in the release that a file is for."""


def monitor_files(stack: Stack, language: Language, overrides: Path | None = None) -> tuple[MonitorFile, ...]:
    """Every file, by path. Raises UnusableError."""
    files = (
        *prometheus_files(stack),
        *rule_files(stack.city, overrides, stack.hurry),
        *alertmanager_files(stack),
        *prober_files(stack),
        *exporter_files(stack),
        *web_files(stack),
        *grafana_files(stack, language),
    )
    return tuple(sorted(files, key=lambda file: file.path))


def write(
    files: Iterable[MonitorFile],
    folder: Path,
    vault: Mapping[str, str] | None,
    owner: Owner | None = None,
) -> Written:
    """Replace a folder by these files, all at once, when every tool that is here finds them good.

    A link stays one: what it leads to is replaced. Whose its files were they stay; the rest is the `owner`'s.
    Without a vault secrets stay references.
    Raises SecretError, UnusableError, and RefusedError where a tool refuses something or the folder is not
    ours; then it is as it was.
    """
    files, folder = tuple(files), _led_to(folder)
    _refuse_foreign(folder)
    _refuse_missing(files, vault)
    texts = [(file, file.text(vault)) for file in files]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
            new = Path(place) / "new"
            _fill(new, texts)
            checked, absent = _check(new if vault is not None else _stood_in(files, Path(place) / "checked"))
            settle(new, folder, {file.path for file in files if file.private}, owner)
            _swap(new, folder, Path(place) / "old")
    except OSError as exc:
        raise UnusableError(f"{folder}: {os.strerror(exc.errno or 0)}") from exc
    return Written(files, checked, absent)


def _led_to(folder: Path) -> Path:
    """The folder itself, where it is a link to it. Raises UnusableError."""
    try:
        return folder.resolve()
    except RuntimeError as exc:  # as Python 3.11 says it
        raise UnusableError(f"{folder}: {os.strerror(errno.ELOOP)}") from exc


def _swap(new: Path, folder: Path, aside: Path) -> None:
    """Two moves; whatever keeps the second one from being made, an interrupt too, the first is taken back."""
    try:
        if folder.exists():
            folder.rename(aside)
        new.rename(folder)
    except BaseException:
        if aside.exists() and not folder.exists():
            aside.rename(folder)
        raise


def _refuse_foreign(folder: Path) -> None:
    """Whatever lies beside our files would go with the old folder."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise RefusedError(
            f"{folder} is not empty and was not written by monitor render: name another folder"
        )


def _refuse_missing(files: Iterable[MonitorFile], vault: Mapping[str, str] | None) -> None:
    """Names those of all files at once."""
    needed = {name for file in files if file.private for name in file.references()}
    if vault is not None and (missing := sorted(needed - vault.keys())):
        raise SecretError(f"not in the vault: {', '.join(missing)}")


def _fill(folder: Path, texts: Iterable[tuple[MonitorFile, str]]) -> None:
    """Nobody else's, until it is said whose they are."""
    folder.mkdir()
    (folder / MARK).touch()
    for file, text in texts:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)


def _stood_in(files: Iterable[MonitorFile], folder: Path) -> Path:
    """The files with stand-ins for their secrets, for tools that would refuse a reference for an address."""
    texts = ((file, file.text(dict.fromkeys(file.references(), STAND_IN))) for file in files)
    _fill(folder, texts)
    return folder


def _check(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    checked: list[str] = []
    absent: list[str] = []
    for tool, *arguments in CHECKS:
        if (path := shutil.which(tool)) is None:
            absent.append(tool)
            continue
        if tool == SNMP_EXPORTER and installed_snmp_exporter() != (wanted := _written_for(folder)):
            absent.append(f"{tool} {wanted}")
            continue
        words = [each for argument in arguments for each in _spread(argument, folder)]
        _ask([path, *words], folder, f"{tool} {arguments[0]}")
        checked.append(tool)
    return tuple(dict.fromkeys(checked)), tuple(dict.fromkeys(absent))


def _ask(command: list[str], folder: Path, words: str) -> None:
    """Let a tool have a look. Raises RefusedError."""
    try:
        done = subprocess.run(  # noqa: S603 - a tool that was looked up, and names of our own files
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as exc:
        raise RefusedError(f"{words}: no answer in {PATIENCE} s") from exc
    if done.returncode != 0:
        said = f"{done.stdout}\n{done.stderr}".strip().splitlines()
        raise RefusedError(f"{words}: {_cause(said)}")


def installed_snmp_exporter() -> SnmpExporter | None:
    """The release whose snmp.yml the one that is installed here reads; None where none is."""
    if (path := shutil.which(SNMP_EXPORTER)) is None:
        return None
    done = subprocess.run(  # noqa: S603 - a tool that was looked up
        [path, "--version"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    found = re.search(r"version (\d+)\.(\d+)", done.stdout + done.stderr)
    return "0.23" if found and (int(found[1]), int(found[2])) >= (0, 23) else "0.21"


def _written_for(folder: Path) -> SnmpExporter:
    is_apart = "\nauths:" in (folder / "snmp.yml").read_text(encoding="utf-8")
    return "0.23" if is_apart else "0.21"


def _spread(argument: str, folder: Path) -> Iterator[str]:
    """A pattern is the files that it means."""
    if "*" not in argument:
        yield argument
        return
    yield from sorted(str(path.relative_to(folder)) for path in folder.glob(argument))


def _cause(said: list[str]) -> str:
    """The line that says what is wrong, of all that a tool says; it may stand below the word."""
    for line, below in zip(said, [*said[1:], ""], strict=True):
        if "FAILED" in line or "err=" in line:
            return (below if line.strip() == "FAILED:" else line).strip()[:300]
    return said[-1].strip()[:300] if said else "said nothing"
