"""What reports call things that have a code."""

from __future__ import annotations

from collections.abc import Mapping

from infra_ctl.controls.exhibit import Kind
from infra_ctl.controls.model import Severity, Words
from infra_ctl.journal.records import RunState, StepState
from infra_ctl.outcome import Verdict
from infra_ctl.report.document import Coded, Tone, words
from infra_ctl.report.letterhead import inside
from infra_ctl.report.wanted import Wanted

NONE = words("Không có.", "None.")


def _coded(code: str, vi: str, en: str, tone: Tone = "") -> Coded:
    return Coded(code, words(vi, en), tone)


SEVERITIES: Mapping[Severity, Coded] = {
    "critical": _coded("critical", "nghiêm trọng", "critical", "bad"),
    "high": _coded("high", "cao", "high", "bad"),
    "medium": _coded("medium", "trung bình", "medium", "warn"),
    "low": _coded("low", "thấp", "low"),
}
"""The worst first."""

VERDICTS: Mapping[Verdict, Coded] = {
    Verdict.FAIL: _coded("fail", "không đạt", "fails", "bad"),
    Verdict.ERROR: _coded("error", "chưa đánh giá được", "could not be judged", "warn"),
    Verdict.WAIVED: _coded("waived", "được miễn trừ", "waived"),
    Verdict.PASS: _coded("pass", "đạt", "passes", "good"),
    Verdict.SKIP: _coded("skip", "không áp dụng", "does not apply", "muted"),
}
"""The worst first."""

KINDS: Mapping[Kind, Coded] = {
    "city": _coded("city", "thành phố", "city"),
    "site": _coded("site", "địa điểm", "site"),
    "device": _coded("device", "thiết bị mạng", "device"),
    "circuit": _coded("circuit", "kênh truyền", "circuit"),
    "host": _coded("host", "máy chủ", "host"),
    "system": _coded("system", "hệ thống thông tin", "information system"),
}

RUN_STATES: Mapping[RunState, Coded] = {
    RunState.RUNNING: _coded("running", "đang thực hiện", "under way", "warn"),
    RunState.DONE: _coded("done", "hoàn thành", "done", "good"),
    RunState.FAILED: _coded("failed", "thất bại", "failed", "bad"),
    RunState.STOPPED: _coded("stopped", "dừng giữa chừng", "stopped part-way", "warn"),
    RunState.KILLED: _coded("killed", "bị ngắt", "killed", "bad"),
}

RUN_KINDS: Mapping[str, Coded] = {
    "deploy": _coded("deploy", "triển khai", "deployment"),
    "drain": _coded("drain", "chuyển tải", "drain"),
    "replace": _coded("replace", "thay thiết bị", "replacement"),
    "restore": _coded("restore", "khôi phục", "restoration"),
    "rollback": _coded("rollback", "hoàn tác", "rollback"),
    "procedure": _coded("procedure", "quy trình", "procedure"),
}

STEP_STATES: Mapping[StepState, Coded] = {
    StepState.WAITING: _coded("waiting", "chưa thực hiện", "not begun", "muted"),
    StepState.APPLYING: _coded("applying", "đang áp dụng", "applying", "warn"),
    StepState.APPLIED: _coded("applied", "đã áp dụng, chưa xác nhận", "applied, not confirmed", "warn"),
    StepState.CONFIRMING: _coded("confirming", "đang xác nhận", "confirming", "warn"),
    StepState.SETTLING: _coded("settling", "đang xác định", "settling", "warn"),
    StepState.RESTORING: _coded("restoring", "đang phục hồi", "restoring", "warn"),
    StepState.CONFIRMED: _coded("confirmed", "đã xác nhận", "confirmed", "good"),
    StepState.RESTORED: _coded("restored", "đã trả về cấu hình cũ", "restored", "warn"),
    StepState.NOT_RESTORED: _coded("not restored", "CHƯA trả về được cấu hình cũ", "NOT restored", "bad"),
    StepState.FAILED: _coded("failed", "thất bại, không thay đổi gì", "failed, nothing changed", "bad"),
    StepState.UNKNOWN: _coded("unknown", "chưa rõ", "unknown", "bad"),
    StepState.DONE: _coded("done", "hoàn thành", "done", "good"),
    StepState.STOPPED: _coded("stopped", "dừng giữa chừng", "stopped part-way", "bad"),
}


def about(vi: str, en: str, wanted: Wanted) -> Words:
    """What a report is about: the matter, whose, and when."""
    period, unit = wanted.period.title, wanted.scope.unit
    of_vi, of_en = (f" tại {inside(unit.name)}", f", {unit.name}") if unit else ("", "")
    return words(f"{vi}{of_vi} {period.vi}", f"{en}{of_en}, {period.en}")
