"""What a board says, apart from how Grafana keeps it: plain frozen values, in both languages at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from infra_ctl.inventory.kinds import Language

Steps: TypeAlias = tuple[tuple[float, str], ...]
"""Thresholds: from which value on which colour; below the first it is green."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words that people read."""

    en: str
    vi: str

    def to(self, language: Language) -> str:
        return self.en if language == "en" else self.vi


States: TypeAlias = Mapping[int | str, tuple[Text, str]]
"""What a number means where it is no quantity: words and colour.

`empty`, of a panel or a column, is what it says while there is rightly nothing to show.
"""


@dataclass(frozen=True, slots=True)
class Query:
    """One expression of a panel; `legend` names each series by its labels."""

    expr: str
    legend: str | Text
    every: str = ""
    """How often what it asks for is measured, where that is less often than every 15 s: rates go by it."""
    is_limit: bool = False
    """What must not be reached: drawn dashed and red."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table that an expression fills; rows are joined by the table's labels."""

    expr: str
    title: Text
    unit: str
    steps: Steps = ()
    states: States = field(default_factory=dict)
    empty: Text | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """Lines over time."""

    title: Text
    about: Text
    queries: tuple[Query, ...]
    unit: str
    steps: Steps = ()
    width: int = 12
    height: int = 8
    decimals: int | None = None
    names: Mapping[str, Text] = field(default_factory=dict)
    """Words for series, by their legend."""
    empty: Text | None = None


@dataclass(frozen=True, slots=True)
class Stat:
    """One number, as it is now."""

    title: Text
    about: Text
    query: Query
    unit: str
    steps: Steps = ()
    states: States = field(default_factory=dict)
    width: int = 4
    height: int = 4
    empty: Text | None = None
    beyond: tuple[float, Text, str] | None = None
    """From which value on it is words, and their colour."""
    board: str = ""
    """Uid of the board that tells more."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A band a series, coloured by its state."""

    title: Text
    about: Text
    query: Query
    states: States
    width: int = 12
    height: int = 8
    empty: Text | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they are now: first the labels, then the columns. It is sorted by the column `worst` says."""

    title: Text
    about: Text
    labels: Mapping[str, Text]
    columns: tuple[Column, ...]
    worst: int = 0
    is_lowest_worst: bool = False
    by: Text | None = None
    """A label by which it is sorted instead."""
    width: int = 24
    height: int = 10
    empty: Text | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """Points of a map: an expression whose series have `latitude` and `longitude`."""

    expr: str
    title: Text
    radius: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines between points: `points` have an `id` and a place, `expr` a `source` and a `target`."""

    points: str
    expr: str
    title: Text


@dataclass(frozen=True, slots=True)
class Map:
    """Points over lines, lowest layer first, coloured by their value. The view fits the last layer."""

    title: Text
    about: Text
    lines: Lines
    layers: tuple[Layer, ...]
    unit: str
    steps: Steps
    width: int = 12
    height: int = 16


Panel: TypeAlias = Graph | Stat | Timeline | Table | Map


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: Text
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """What a reader chooses: values of a label of a metric that other choices may narrow."""

    name: str
    label: Text
    metric: str
    """A selector."""
    many: bool = True
    """Several may be chosen, or all."""

    @property
    def query(self) -> str:
        return f"label_values({self.metric}, {self.name})"


@dataclass(frozen=True, slots=True)
class Board:
    """One board; its uid is for ever, as people keep links."""

    uid: str
    title: Text
    about: Text
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    since: str = "now-6h"
