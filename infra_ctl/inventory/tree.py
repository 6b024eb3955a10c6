"""YAML text → nodes with places.

Built from the parser's events: no aliases, no tags, no recursion, so no text can make it grow or dive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from infra_ctl.inventory.records import Node, Place
from infra_ctl.inventory.text import unreadable

# ruamel.yaml knows places too, in pure Python: twelve times slower, half of all the time that loading takes.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 12
"""Levels of nesting; the inventory's own shapes need five."""
_EMPTY = ("", "~", "null")


def parse(text: str, file: str) -> Node:
    """The one document of a file. Raises InventoryError."""
    try:
        return _document(yaml.parse(text, Loader=_LOADER), file)
    except yaml.MarkedYAMLError as error:
        line, column = error.problem_mark.line, error.problem_mark.column
        raise unreadable(file, f"is not YAML: {_reason(error, text)}", line + 1, column + 1) from error
    except yaml.YAMLError as error:
        raise unreadable(file, f"is not YAML: {' '.join(str(error).split())}") from error


def _reason(error: Any, text: str) -> str:
    if text[error.problem_mark.index : error.problem_mark.index + 1] == "\t":
        return "a tab cannot indent, use spaces"
    return ", ".join(part for part in (error.context, error.problem) if part)


def _document(events: Iterator[Any], file: str) -> Node:
    """Fold the events of one document; an open collection waits on the stack for its end."""
    stack: list[_Open] = [_Open((1, 1), is_mapping=False)]
    for event in events:
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        kind = type(event).__name__
        if kind == "DocumentStartEvent":
            _check_document(event, place, file, first=not stack[0].nodes)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            _check_node(event, place, file)
            stack.append(_Open(place, is_mapping=kind == "MappingStartEvent"))
            if len(stack) > MAX_DEPTH:
                raise unreadable(file, f"is nested more than {MAX_DEPTH} deep", *place)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            node = stack.pop().close()
            stack[-1].add(node, file)
        elif kind == "ScalarEvent":
            _check_node(event, place, file)
            stack[-1].add(Node(place, _scalar(event)), file)
        elif kind == "AliasEvent":
            raise unreadable(file, f"alias '*{event.anchor}': write the value out", *place)
    if not stack[0].nodes or stack[0].nodes[0].content is None:
        raise unreadable(file, "is empty; write {} where there is nothing", 1, 1)
    return stack[0].nodes[0]


def _check_document(event: Any, place: Place, file: str, *, first: bool) -> None:
    if event.version or event.tags:
        raise unreadable(file, "% directives are not used here", 1, 1)
    if not first:
        raise unreadable(file, "a second document: one document a file", *place)


def _check_node(event: Any, place: Place, file: str) -> None:
    if event.anchor:
        raise unreadable(file, f"anchor '&{event.anchor}': write values out", *place)
    if event.tag and event.tag != "!":
        raise unreadable(file, f"tag '{event.tag}' is not used here", *place)


def _scalar(event: Any) -> str | None:
    """The text; nothing where nothing, `~` or `null` is written without quotes."""
    return None if event.implicit[0] and event.value in _EMPTY else str(event.value)


class _Open:
    """A collection whose end has not been read yet."""

    def __init__(self, place: Place, *, is_mapping: bool) -> None:
        self.place = place
        self.is_mapping = is_mapping
        self.nodes: list[Node] = []
        self.items: dict[str, tuple[Place, Node]] = {}
        self.key: Node | None = None

    def add(self, node: Node, file: str) -> None:
        if not self.is_mapping:
            self.nodes.append(node)
        elif self.key is None:
            self.key = self._checked_key(node, file)
        else:
            self.items[str(self.key.content)] = (self.key.place, node)
            self.key = None

    def _checked_key(self, node: Node, file: str) -> Node:
        if not isinstance(node.content, str):
            raise unreadable(file, "a key must be text", *node.place)
        if earlier := self.items.get(node.content):
            raise unreadable(
                file, f"{node.content!r} is written twice, first on line {earlier[0][0]}", *node.place
            )
        return node

    def close(self) -> Node:
        return Node(self.place, self.items if self.is_mapping else tuple(self.nodes))
