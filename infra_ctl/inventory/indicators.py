"""What others count and the city imports: figures.csv has its figures, reports show them as imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from infra_ctl.inventory.kinds import Language


@dataclass(frozen=True, slots=True)
class Indicator:
    """A share is a part of a whole, both counted; a number is a count by itself."""

    shape: Literal["share", "number"]
    vi: str
    en: str

    def of(self, language: Language) -> str:
        return self.vi if language == "vi" else self.en


def _share(vi: str, en: str) -> Indicator:
    return Indicator("share", vi, en)


def _number(vi: str, en: str) -> Indicator:
    return Indicator("number", vi, en)


IMPORTED: Mapping[str, Indicator] = {
    "agencies-on-qlvb": _share(
        "Cơ quan hành chính nhà nước sử dụng phần mềm quản lý văn bản và điều hành",
        "Administrative agencies on the document-management system",
    ),
    "documents-electronic": _share(
        "Văn bản (không mật) trao đổi dưới dạng điện tử", "Documents (not secret) exchanged electronically"
    ),
    "staff-on-email": _share(
        "Cán bộ, công chức thường xuyên sử dụng thư điện tử của thành phố",
        "Staff who use the city's e-mail regularly",
    ),
    "services-level-3": _share(
        "Dịch vụ công trực tuyến mức độ 3", "Public services that are online at level 3"
    ),
    "services-level-4": _share(
        "Dịch vụ công trực tuyến mức độ 4", "Public services that are online at level 4"
    ),
    "dossiers-online": _share("Hồ sơ nộp trực tuyến", "Dossiers that are filed online"),
    "computers-protected": _share(
        "Máy tính có phần mềm phòng, chống mã độc được quản lý tập trung",
        "Computers whose anti-malware is managed centrally",
    ),
    "staff-trained": _share(
        "Cán bộ, công chức được tập huấn về an toàn thông tin", "Staff trained in information security"
    ),
    "staff": _number("Cán bộ, công chức, viên chức", "Staff"),
    "it-staff": _number("Cán bộ chuyên trách công nghệ thông tin", "Staff for information technology"),
    "computers": _number("Máy tính", "Computers"),
    "printers": _number("Máy in", "Printers"),
    "scanners": _number("Máy quét", "Scanners"),
    "signatures": _number(
        "Chứng thư số chuyên dùng đang sử dụng", "Certificates of digital signatures in use"
    ),
}
"""By the name that figures.csv and the targets have for it."""
