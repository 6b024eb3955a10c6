"""A document in each of its forms: what it says survives, and nothing of it is believed."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from infra_ctl.errors import UnusableError
from infra_ctl.inventory.kinds import Language
from infra_ctl.report.document import Coded, Imported, Lines, Ratio, Share, words
from infra_ctl.report.page import html as page
from infra_ctl.report.paper import pdf
from infra_ctl.report.sheet import BOM, plain
from infra_ctl.report.sheet import text as sheet
from infra_ctl.report.spoken import NOTHING, clean, spoken
from infra_ctl.report.values import values
from tests.unit.report.sample import FORMULA, HTML, VIETNAMESE, cells, document

DECOMPOSED = unicodedata.normalize("NFD", VIETNAMESE)


class Reader(html.parser.HTMLParser):
    """A page's texts, and the tags that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.said.append(data.strip())


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_vietnamese_letter_survives_in_each_form(language: Language) -> None:
    made = document(cells(DECOMPOSED))
    assert DECOMPOSED != VIETNAMESE
    assert VIETNAMESE in Reader(page(made, language)).said
    assert VIETNAMESE in sheet(made, language)
    told = json.loads(json.dumps(values(made)))
    assert told["tables"]["texts"] == [{"number": 0, "text": VIETNAMESE}]


def test_html_in_a_cell_is_text() -> None:
    read = Reader(page(document(cells(HTML, HTML.replace('"', "'"))), "vi"))
    assert HTML in read.said
    tags = {tag for tag, _ in read.tags}
    assert tags.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert not [name for _, attrs in read.tags for name, _ in attrs if name.startswith("on")]
    assert not [name for _, attrs in read.tags for name, _ in attrs if name in ("src", "href")]


@pytest.mark.parametrize(
    "begun", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", FORMULA]
)
def test_no_field_of_a_sheet_begins_like_a_formula(begun: str) -> None:
    rows = list(csv.reader(io.StringIO(sheet(document(cells(begun)), "vi").removeprefix(BOM))))
    assert rows[2] == ["0", plain(clean(begun))]
    assert rows[2][1].startswith("'")


def test_a_number_that_is_negative_stays_a_number() -> None:
    assert plain("-0.5") == "-0.5"
    assert plain("-0.5-1") == "'-0.5-1"


def test_a_sheet_has_every_table_and_headline() -> None:
    text = sheet(document(), "en")
    assert text.startswith(f"{BOM}Summary\r\nSites,1234\r\nSystems approved,0.75\r\n")
    assert "Staff with mail,0.95 (imported from Sở Nội vụ)" in text
    assert "\r\n\r\nFindings\r\nObject,Verdict,Lines,Share,Taken,Until,Known\r\n" in text
    assert "0.99999,2026-11-28 00:30:00,2026-02-05,yes\r\n" in text


def test_the_json_has_the_same_keys_in_every_version() -> None:
    told = json.loads(json.dumps(values(document())))
    assert list(told) == [
        *("form", "report", "subject", "period", "unit", "context", "made"),
        *("headlines", "tables", "charts", "said"),
    ]
    assert told["form"] == 1
    assert told["period"] == {"name": "2026", "first": "2026-01-01", "last": "2026-12-31"}
    assert told["headlines"]["summary"]["share"] == {"value": {"part": 9, "whole": 12}, "before": None}
    assert told["headlines"]["summary"]["staff"]["value"] == {"imported": 0.95, "source": "Sở Nội vụ"}
    assert told["charts"]["laws"][1] == {
        "label": {"vi": "06/2026/TT-BKHCN", "en": "06/2026/TT-BKHCN"},
        "values": {"pass": 12, "fail": 0},
        "target": 30,
    }
    first = told["tables"]["findings"][0]
    assert first["verdict"] == "fail"
    assert first["lines"]["more"] == 3
    assert first["taken"] == "2026-11-27T17:30:00Z"
    assert first["until"] == "2026-02-05"


@pytest.mark.parametrize(
    ("cell", "vi", "en"),
    [
        (None, NOTHING, NOTHING),
        ("", NOTHING, NOTHING),
        (True, "có", "yes"),
        (1234567, "1.234.567", "1,234,567"),
        (1234.5, "1.234,5", "1,234.5"),
        (-3, "-3", "-3"),
        (Ratio(0.975), "97,5%", "97.5%"),
        (Ratio(1.0), "100%", "100%"),
        (Ratio(0.999999), ">99,99%", ">99.99%"),
        (Ratio(0.000001), "<0,01%", "<0.01%"),
        (Ratio(0.0), "0%", "0%"),
        (Share(12, 15), "12/15 (80%)", "12/15 (80%)"),
        (Share(0, 0), NOTHING, NOTHING),
        (Coded("x", words("vâng", "yes")), "vâng", "yes"),
        (Lines(("a", "b"), 1), "a\nb\n… và 1 dòng nữa", "a\nb\n… and 1 more"),
        (Imported(5, "Sở Nội vụ"), "5 (số liệu nhập từ Sở Nội vụ)", "5 (imported from Sở Nội vụ)"),
    ],
)
def test_a_cell_in_words(cell: object, vi: str, en: str) -> None:
    assert (spoken(cell, "vi"), spoken(cell, "en")) == (vi, en)  # type: ignore[arg-type]


def test_what_no_page_may_hold_is_replaced() -> None:
    assert clean("a\x00b\x1b[31m\u202ec\ud800\ufffe") == "a\ufffdb\ufffd[31m\ufffdc\ufffd\ufffd"
    assert clean("tab\tnew\nline — Việt\u0323") == "tab\tnew\nline — Việṭ"


def test_the_head_is_that_of_an_official_document() -> None:
    said = Reader(page(document(), "vi")).said
    for each in (
        *(
            "Cộng hòa xã hội chủ nghĩa Việt Nam",
            "Độc lập - Tự do - Hạnh phúc",
            "Sở Thông tin và Truyền thông",
            "UBND thành phố Cần Thơ",
        ),
        *("Cần Thơ, ngày 05 tháng 02 năm 2026", "Kính gửi:", "Bộ Công an.", "Giám đốc", "Nơi nhận:"),
        *("- Như trên;", "- Văn phòng UBND thành phố;", "- Lưu: VT.", "I. Tình hình chung"),
    ):
        assert each in said


def test_what_is_not_of_the_network_in_service_says_so() -> None:
    assert "BẢN THỬ" in page(document(context="lab:demo"), "vi")
    assert "BẢN THỬ" not in page(document(), "vi")


def test_a_city_puts_its_own_template_before_ours(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "document.html.j2").write_text(
        "<p>{{ clean(document.head.agency) }} & {{ say(document.subject) }}"
    )
    assert page(document(), "vi", tmp_path).startswith("<p>Sở Thông tin và Truyền thông & Kết quả")
    (folder / "document.html.j2").write_text("{{ nothing }}")
    with pytest.raises(UnusableError, match=r"a template is broken: 'nothing' is undefined$"):
        page(document(), "vi", tmp_path)


def test_every_vietnamese_letter_is_on_paper_and_can_be_copied_off_it(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(pdf(document(cells(DECOMPOSED)), "vi"))
    copied, known, fonts = (
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for command in (["pdftotext", "x.pdf", "-"], ["pdfinfo", "x.pdf"], ["pdffonts", "x.pdf"])
    )
    assert VIETNAMESE.split() == [word for word in copied.split() if word in VIETNAMESE.split()]
    assert "Kết quả kiểm tra an toàn thông tin năm 2026" in known
    assert re.search(r"Author: +Sở Thông tin và Truyền thông", known)
    assert re.search(r"Page size: .*[(]A4[)]", known)
    assert re.search(r"Tagged: +yes", known)
    assert all("yes" in line for line in fonts.splitlines()[2:]), "each font is embedded"


def test_a_machine_that_cannot_lay_out_text_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UnusableError, match=r"^PDF needs Debian's libpango-1.0-0, .*: cannot load library$"):
        pdf(document(), "vi")


def test_paper_fetches_nothing(tmp_path: Path) -> None:
    assert pdf(document(cells(HTML)), "vi").startswith(b"%PDF-")
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "document.html.j2").write_text('<img src="http://192.0.2.1/x.png">')
    with pytest.raises(UnusableError, match=r"192\.0\.2\.1"):
        pdf(document(), "vi", tmp_path)
