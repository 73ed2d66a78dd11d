"""Lists as files for Excel; they are written in one place for all packages."""

from __future__ import annotations

from app.files.tables import XLSX, csv_cell, csv_file, plain, xlsx_file

__all__ = ["XLSX", "csv_cell", "csv_file", "plain", "xlsx_file"]
