"""docs/metrics.md, on stdout."""

from __future__ import annotations

import sys

from exporters.catalogue.page import page

sys.stdout.write(page())
