"""A YAML file of the inventory, changed by us: comments stay, and it is old or new, never between."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def rewritten(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the content of a file, empty where there is none; what is made of it is written in one move."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load(path.read_text(encoding="utf-8")) if path.exists() else None
    content = content if content is not None else {}
    yield content
    text = io.StringIO()
    yaml.dump(content, text)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text.getvalue(), encoding="utf-8")
    fresh.replace(path)
