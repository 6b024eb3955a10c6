"""The shipped laws on stored exhibits of 10,000 routers: seconds, and whether memory stays flat.

python -m benchmarks.controls FILE        judges all exhibits of a file, one a line
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

from benchmarks.measure import Verdict, cost_of
from infra_ctl.controls import stored
from infra_ctl.controls.catalogue import DOCUMENTS, FACTS, Known
from infra_ctl.controls.exhibit import Document, Exhibit, Fact, Line, Scalar
from infra_ctl.controls.judging import Asked, judge, rules
from infra_ctl.controls.loading import shipped

SIZES = (1000, 10000)
CONTROLS = 60
CASES = Path(__file__).parents[1] / "tests/cases"
TEXTS = {
    "frr": CASES / "frr/ward.running.conf",
    "nftables": CASES / "controls/texts/dc-core1.nftables",
}


def run(folder: Path, _rounds: int) -> Iterator[Verdict]:
    """Print seconds and peak memory of each size; the laws' own loading is in them."""
    print(f"\n{CONTROLS} controls on stored exhibits")
    print(f"{'routers':>8}{'s':>8}{'CPU s':>8}{'ms each':>9}{'MiB':>6}")
    costs = []
    for size in SIZES:
        file = folder / f"exhibits-{size}"
        _write(file, size)
        cost = cost_of((sys.executable, "-m", "benchmarks.controls", str(file)))
        costs.append(cost)
        print(
            f"{size:>8}{cost.wall:>8.2f}{cost.cpu:>8.2f}{1000 * cost.wall / size:>9.2f}{cost.peak_mib:>6.0f}"
        )
    yield Verdict(f"seconds for {SIZES[-1]:,} routers", costs[-1].wall, 20)
    yield Verdict("the same in CPU seconds", costs[-1].cpu, 20)
    yield Verdict("× the memory for a tenth of them", costs[-1].peak_mib / costs[0].peak_mib, 1.1)
    began = time.process_time()
    shipped.__wrapped__()
    yield Verdict("CPU seconds to load the laws once more", time.process_time() - began, 0.1)


def _write(file: Path, size: int) -> None:
    # Line by line: a child's peak memory begins with what its parent had.
    line = f"{stored.text(_router())}\n"
    with file.open("w", encoding="utf-8") as lines:
        for _ in range(size):
            lines.write(line)


def _router() -> Exhibit:
    """Everything that is known of a router; half of its facts are as a law would have them."""
    documents = {
        name: Document(name, known.says, tuple(_text(name)))
        for name, known in DOCUMENTS.items()
        if "device" in known.of
    }
    facts = {name: (fact(name, known),) for name, known in FACTS.items() if "device" in known.of}
    return Exhibit("device", "nk-cai-khe-ce1", datetime(2026, 11, 26), documents, facts)


def _text(name: str) -> list[str]:
    return TEXTS[name].read_text(encoding="utf-8").splitlines() if name in TEXTS else ["port 22"] * 80


def fact(name: str, known: Known) -> Fact:
    """One of its shape."""
    values: dict[str, Scalar] = {"truth": True, "text": "eth0", "ratio": 0.5}
    return Fact(values.get(known.shape, 10), Line(name, 1, f"{name} as it was found"))


def judged(file: Path) -> Counter[str]:
    """How many findings of each verdict; one exhibit at a time is in memory."""
    every = rules(shipped().values(), lambda _control: lambda _name: True)["device"]
    # A device has fewer than that many: some are asked twice, under other names.
    again = (replace(rule, law=f"{rule.law}-again") for rule in every)
    some = list(islice(chain(every, again), CONTROLS))
    found: Counter[str] = Counter()
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            exhibit = stored.exhibit(line)
            asked = Asked(exhibit.kind, exhibit.object, 4)
            found.update(finding.verdict for finding in judge(asked, exhibit, some))
    return found


if __name__ == "__main__":
    gc.set_threshold(200_000, 50, 100)  # as infra-ctl does
    print(dict(judged(Path(sys.argv[1]))))
