"""A document with one of everything, and with what is hard to write."""

from __future__ import annotations

from datetime import date, datetime

from infra_ctl.report.document import (
    Bar,
    Bars,
    Block,
    Coded,
    Column,
    Document,
    Headline,
    Headlines,
    Imported,
    Letterhead,
    Lines,
    Paragraph,
    Ratio,
    Section,
    Share,
    Table,
    same,
    words,
)
from infra_ctl.report.period import period

VIETNAMESE = "aàảãáạ ăằẳẵắặ âầẩẫấậ eèẻẽéẹ êềểễếệ iìỉĩíị oòỏõóọ ôồổỗốộ ơờởỡớợ uùủũúụ ưừửữứự yỳỷỹýỵ đ Đ ẶỆỘỢỰỴ"
"""Every letter with every tone."""
HTML = '<script>alert(1)</script><img src="http://192.0.2.1/x" onerror=alert(1)> & "quoted"'
FORMULA = '=HYPERLINK("http://192.0.2.1/","x")'


def cells(*contents: str) -> Table:
    """Each text in a row of its own."""
    rows = tuple((index, each) for index, each in enumerate(contents))
    return Table("texts", words("Chữ", "Texts"), (NUMBER, TEXT), rows, words("Không có.", "None."))


NUMBER = Column("number", words("Số", "Number"), is_number=True)
TEXT = Column("text", words("Chữ", "Text"))
_GOOD = Coded("pass", words("đạt", "passes"), "good")
_BAD = Coded("fail", words("không đạt", "fails"), "bad")

EVERYTHING: tuple[Block, ...] = (
    Paragraph(words("Mạng vận hành ổn định.", "The network runs well.")),
    Headlines(
        "summary",
        (
            Headline("sites", words("Số địa điểm", "Sites"), 1234, 1200, "good"),
            Headline("share", words("Hệ thống đã phê duyệt", "Systems approved"), Share(9, 12), None, "bad"),
            Headline(
                "staff", words("Cán bộ dùng thư", "Staff with mail"), Imported(Ratio(0.95), "Sở Nội vụ")
            ),
        ),
    ),
    Bars(
        "laws",
        words("Kết quả theo văn bản", "By law"),
        (_GOOD, _BAD),
        (Bar(same("TCVN 14423:2026"), (40, 12)), Bar(same("06/2026/TT-BKHCN"), (12, 0), mark=30)),
    ),
    Table(
        "findings",
        words("Kết quả kiểm tra", "Findings"),
        (
            Column("object", words("Đối tượng", "Object")),
            Column("verdict", words("Kết quả", "Verdict")),
            Column("lines", words("Dòng cấu hình", "Lines")),
            Column("share", words("Tỷ lệ", "Share"), is_number=True),
            Column("taken", words("Thu thập lúc", "Taken")),
            Column("until", words("Đến ngày", "Until")),
            Column("known", words("Đã biết", "Known")),
        ),
        (
            (
                "nk-cai-khe-ce1",
                _BAD,
                Lines(("sshd:14: permitrootlogin yes", "x" * 120), 3),
                Ratio(0.99999),
                datetime(2026, 11, 27, 17, 30),  # the next day in Vietnam
                date(2026, 2, 5),
                True,
            ),
            ("bt-an-thoi-ce1", _GOOD, None, Share(0, 0), None, None, False),
        ),
        words("Không có.", "None."),
        words("Chỉ nêu kết quả không đạt.", "Only what fails is listed."),
    ),
)


def document(*blocks: Block, context: str = "live") -> Document:
    """With these blocks in one section; with one of everything without."""
    return Document(
        kind="changes",
        subject=words("Kết quả kiểm tra an toàn thông tin năm 2026", "Security checks of 2026"),
        head=Letterhead(
            agency="Sở Thông tin và Truyền thông",
            place="Cần Thơ",
            above="UBND thành phố Cần Thơ",
            symbol="BC-STTTT",
            to=("Ủy ban nhân dân thành phố Cần Thơ", "Bộ Công an"),
            recipients=("Văn phòng UBND thành phố",),
            office=words("Giám đốc", "Director"),
        ),
        sections=(Section(words("Tình hình chung", "Summary"), blocks or EVERYTHING),),
        made=datetime(2026, 2, 5, 1, 2, 3),
        context=context,
        period=period("2026"),
    )
