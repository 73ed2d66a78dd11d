"""台账导入: hazard ledgers as offices keep them in Excel, read, cleaned, planned and registered row by row.

archive → marks → workbook → headings → cleaning, words, places → rows → roster, resolving → planning → applying
"""

from __future__ import annotations

from flask import Flask

from app.hazards.ledger.models import HazardImport, HazardImportRow, LedgerKey

__all__ = ["HazardImport", "HazardImportRow", "LedgerKey", "init_app"]


def init_app(app: Flask) -> None:
    from app.hazards.ledger import views

    views.init_app(app)
