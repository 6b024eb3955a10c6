"""An audit as JUnit, for what shows tests: a suite a law, a case a control and object."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from xml.etree import ElementTree as ET

from infra_ctl.controls.finding import Finding
from infra_ctl.inventory.kinds import Language
from infra_ctl.journal.records import Audit
from infra_ctl.outcome import Verdict
from infra_ctl.report.findings import Naming, counted, reason
from infra_ctl.report.spoken import clean

_SKIPPED = "skipped"
_ELEMENTS = {
    Verdict.FAIL: "failure",
    Verdict.ERROR: "error",
    Verdict.SKIP: _SKIPPED,
    Verdict.WAIVED: _SKIPPED,
}


def text(audit: Audit | None, found: Iterable[Finding], naming: Naming, language: Language) -> str:
    """What is waived is skipped, with the waiver said; where nothing was audited, there are no suites."""
    root = ET.Element("testsuites", name=audit.id if audit else "")
    laws: dict[str, list[Finding]] = {law: [] for law in (audit.laws if audit else ())}
    for each in found:
        laws.setdefault(each.law, []).append(each)
    for law, findings in laws.items():
        counts = counted(findings)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=law,
            tests=str(len(findings)),
            failures=str(counts[Verdict.FAIL]),
            errors=str(counts[Verdict.ERROR]),
            skipped=str(counts[Verdict.SKIP] + counts[Verdict.WAIVED]),
            timestamp=audit.started.replace(tzinfo=UTC).isoformat(timespec="seconds") if audit else "",
        )
        for each in findings:
            _case(suite, each, naming, language)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(suite: ET.Element, finding: Finding, naming: Naming, language: Language) -> None:
    title = naming.title(finding).of(language)
    name = " ".join(filter(None, (finding.control, finding.object, f"({title})" if title else "")))
    case = ET.SubElement(
        suite, "testcase", classname=f"{finding.law}.{finding.kind}", name=clean(name), time="0"
    )
    if (element := _ELEMENTS.get(finding.verdict)) is None:
        return
    said = reason(finding)
    message = said.of(language) if said else ""
    if finding.waiver:
        message = f"{message} [{finding.waiver}]".strip()
    inner = ET.SubElement(case, element, message=clean(message))
    if element != _SKIPPED:
        inner.set("type", finding.severity)
        inner.text = clean("\n".join(str(line) for line in finding.lines)) or None
