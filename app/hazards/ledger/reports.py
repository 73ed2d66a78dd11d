"""The rows that could not be taken, as a workbook: to be put right there and handed in again."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.hazards.ledger import queries
from app.hazards.ledger.models import HazardImport, HazardImportRow
from app.i18n import _
from app.subjects import xlsx_file


def bad_rows_file(session: Session, kept: HazardImport) -> bytes:
    """The file's own columns with the reason added behind. Every cell is text: a formula comes back as its words."""
    rows = list(session.scalars(queries.rows(kept.id, "error")))
    columns = _columns(kept, {row.sheet for row in rows})
    several = len({row.sheet for row in rows}) > 1
    head = [*([_("工作表")] if several else []), _("行号"), *columns, _("未登记原因")]
    return xlsx_file(_("未登记的行"), head, [_line(kept, row, columns, several) for row in rows])


def _headings(kept: HazardImport, sheet: str) -> list[str]:
    """The headings of one sheet, each once: a blank or repeated one is told apart by its place."""
    found: list[str] = []
    for position, heading in enumerate(next(s["headings"] for s in kept.sheets if s["name"][:60] == sheet), 1):
        name = heading or _("第 %(n)s 列", n=position)
        found.append(name if name not in found else f"{name} ({position})")
    return found


def _columns(kept: HazardImport, sheets: set[str]) -> list[str]:
    """The headings of all sheets with bad rows, in the order of the file."""
    named = [s["name"][:60] for s in kept.sheets if s["name"][:60] in sheets]
    return list(dict.fromkeys(heading for sheet in named for heading in _headings(kept, sheet)))


def _line(kept: HazardImport, row: HazardImportRow, columns: list[str], several: bool) -> list[object]:
    cells = dict(zip(_headings(kept, row.sheet), row.cells or [], strict=False))
    reasons = "；".join(problem.in_cell(row.number) for problem in row.problems if problem.is_error)
    return [*([row.sheet] if several else []), row.number, *(cells.get(name, "") for name in columns), reasons]
