"""The wall's clock of a Python process, off by what a file says at the time; Python imports this by itself.

What is monotonic goes on, and the kernel's timestamps stay true: both as where a real clock is set.
"""

from __future__ import annotations

import mmap
import os
import time

with open(os.environ["ENDURANCE_CLOCK"], "r+b") as _file:  # noqa: PTH123 - before anything else is imported
    _words = memoryview(mmap.mmap(_file.fileno(), 8)).cast("q")
_true = time.time_ns
time.time_ns = lambda: _true() + _words[0]
time.time = lambda: time.time_ns() / 1e9
