"""`infra-ctl controls`: what the law asks, and how it is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli import completion
from infra_ctl.cli.session import Session, language_option, session_options
from infra_ctl.errors import UnknownError

if TYPE_CHECKING:
    from infra_ctl.controls.model import Control, Law, Term
    from infra_ctl.inventory.kinds import Language


@click.command()
@click.argument("names", nargs=-1, metavar="[LAW|CONTROL]...", shell_complete=completion.laws_and_controls)
@language_option("Of what is said.")
@session_options
def controls(session: Session, names: tuple[str, ...], *, language: Language) -> None:
    """Laws and their controls: all, those of a law, or one control in full.

    No device is asked, and nothing is judged. How to write controls of your own is in docs/controls.md.

    \b
    infra-ctl controls
    infra-ctl controls tcvn-14423-2026 --language en
    infra-ctl controls LOG-03
    """
    from infra_ctl.controls.loading import laws

    known = laws(session.context.inventory)
    listed, whole = _chosen(known, names)
    if session.is_json:
        session.emit([_as_dict(law) for law in _of(known, listed, whole)])
        return
    blocks = [_list(known[name], language) for name in listed]
    blocks += [_whole(law, control, language) for law, control in whole]
    for number, block in enumerate(blocks):
        click.echo("\n" * (number > 0) + "\n".join(block))


def _chosen(known: Mapping[str, Law], names: tuple[str, ...]) -> tuple[list[str], list[tuple[Law, Control]]]:
    """The laws to list, and the controls to show, from every law that has one. Raises UnknownError."""
    from infra_ctl.inventory.hints import did_you_mean

    listed = [name for name in names if name in known] if names else list(known)
    whole = []
    for name in dict.fromkeys(names):
        if name in known:
            continue
        found = [(law, law.controls[name]) for law in known.values() if name in law.controls]
        if not found:
            everything = [*known, *{key for law in known.values() for key in law.controls}]
            raise UnknownError(f"there is no law and no control '{name}'{did_you_mean(name, everything)}")
        whole.extend(found)
    return list(dict.fromkeys(listed)), whole


def _of(known: Mapping[str, Law], listed: list[str], whole: list[tuple[Law, Control]]) -> Iterator[Law]:
    """The laws with the controls that were asked for, and no others."""
    for name, law in known.items():
        if name in listed:
            yield law
        elif some := {control.id: control for of, control in whole if of.law == name}:
            yield law.model_copy(update={"controls": some})


def _list(law: Law, language: Language) -> list[str]:
    """A law in a line, and a line a control."""
    rows = [
        (each.id, each.severity, each.of, _levels(each), each.title.of(language))
        for each in law.controls.values()
    ]
    widths = [max((len(row[place]) for row in rows), default=0) for place in range(4)]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, [*widths, 0], strict=True)) for row in rows
    ]
    return [f"{law.law} · {len(rows)} · {law.title.of(language)}", *(f"  {line.rstrip()}" for line in lines)]


def _levels(control: Control) -> str:
    """What is asked at each level: `2: 30d · 3-5: 90d`; where there is no threshold, the levels alone."""
    parts: list[tuple[int, int, str]] = []
    for level, threshold in sorted(control.levels.items()):
        if parts and parts[-1][1] == level - 1 and parts[-1][2] == threshold:
            parts[-1] = (parts[-1][0], level, threshold)
        else:
            parts.append((level, level, threshold))
    return " · ".join(
        f"{first}{f'-{last}' * (last > first)}{f': {threshold}' * (threshold != 'true')}"
        for first, last, threshold in parts
    )


def _whole(law: Law, control: Control, language: Language) -> list[str]:
    from infra_ctl.controls.wording import lines

    def predicate(name: str, term: Term) -> list[str]:
        first, *others = lines(term, language)
        return [f"{name:<12} {first}", *(f"{'':<12} {line}" for line in others)]

    return [
        f"{control.id}  {control.title.of(language)}",
        f"{'law':<12} {law.law}",
        f"{'clause':<12} {control.clause}",
        f"{'severity':<12} {control.severity}",
        f"{'of':<12} {control.of}{f' where {control.where}' if control.where else ''}",
        f"{'levels':<12} {_levels(control)}",
        *(predicate("when", control.when) if control.when is not None else ()),
        *predicate("holds", control.holds),
        f"{'remediation':<12} {control.remediation.of(language)}",
    ]


def _as_dict(law: Law) -> dict[str, Any]:
    """As a file of `inventory/controls/` has it: a control can be taken over into one of a city's own."""
    written = law.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    controls = {key: {**control} for key, control in written.get("controls", {}).items()}
    for control in controls.values():
        del control["id"]  # the key above it is the id
    return {**written, "controls": controls}
