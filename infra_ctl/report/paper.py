"""A document as PDF, on A4 as the page prints."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

from infra_ctl.errors import UnusableError
from infra_ctl.inventory.kinds import Language
from infra_ctl.report.document import Document
from infra_ctl.report.page import html


def pdf(document: Document, language: Language, overrides: Path | None = None) -> bytes:
    """The file. Raises UnusableError where this machine cannot lay out text."""
    page = html(document, language, overrides)
    try:
        from weasyprint import HTML
        from weasyprint.urls import FatalURLFetchingError, URLFetcher
    except OSError as error:
        raise UnusableError(
            f"PDF needs Debian's libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0: {error}"
        ) from error

    # A report needs nothing beside it, whatever somebody put into it.
    alone = URLFetcher(allowed_protocols=(), fail_on_errors=True)
    made = document.made.replace(tzinfo=UTC).isoformat()
    try:
        written = HTML(string=page, url_fetcher=alone).write_pdf(pdf_tags=True, pdf_identifier=made.encode())
    except FatalURLFetchingError as error:
        raise UnusableError(f"{overrides}: {error}") from error
    assert isinstance(written, bytes)  # noqa: S101 - without a target it is given back
    return written
