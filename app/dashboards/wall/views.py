"""The wall's pages: for a desk, for a big screen, as a file."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from app import metrics, web
from app.accounts import requires
from app.audit import record
from app.dashboards.wall import reading
from app.dashboards.wall.figures import Sums
from app.dashboards.wall.reading import BY, Wall
from app.files.tables import XLSX, xlsx_file
from app.i18n import _, lazy_

blueprint = Blueprint("wall", __name__, url_prefix="/wall")
READERS = ("leader", "coordinator", "auditor", "dept_staff", "town_staff")
_ON_SCREEN = 5  # overdue hazards


def register_menu() -> None:
    web.menu.add(
        web.MenuItem(
            "business",
            5,
            "wall.index",
            lazy_("挂图作战"),
            icon="layout-grid",
            shown=lambda user: user.has(*READERS),
        )
    )


@blueprint.get("")
@requires(*READERS)
def index() -> Response:
    return web.render("dashboards/_wall.html" if web.is_partial() else "dashboards/wall.html", **_context(_wall()))


@blueprint.get("/screen")
@requires(*READERS)
def screen() -> Response:
    """1920 × 1080, dark, without a frame; asks for itself every minute."""
    shown = _wall(late=_ON_SCREEN, drawing=(560, 230, 21))
    return web.render("dashboards/_screen.html" if web.is_partial() else "dashboards/screen.html", **_context(shown))


@blueprint.get("/export.xlsx")
@requires(*READERS)
@web.writes
def export() -> Response:
    """The table as it is shown; who took it is recorded."""
    shown = _wall()
    content = xlsx_file(_("挂图作战"), *_table(shown))
    campaign = shown.campaign.id if shown.campaign else None
    record(web.db.session(), shown.now, web.actor(), "wall.exported", "campaign", campaign, by=shown.by)
    response = Response(content, mimetype=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="wall.xlsx"'
    return response


def _wall(**more: Any) -> Wall:
    by = request.args.get("by", "")
    return reading.wall(
        web.db.session(),
        web.current_user(),
        web.clock().now(),
        request.args.get("campaign", ""),
        by if by in BY else "sector",
        **more,
    )


def _context(shown: Wall) -> dict[str, Any]:
    return {"wall": shown, "here": here(shown), "opens": opens(shown)}


def here(shown: Wall) -> Any:
    """An address of the wall with one thing changed."""

    def address(endpoint: str = "wall.index", **changes: str) -> str:
        values = {"campaign": request.args.get("campaign", ""), "by": shown.by} | changes
        kept: dict[str, Any] = {
            name: value for name, value in values.items() if value and (name, value) != ("by", "sector")
        }
        return url_for(endpoint, **kept)

    return address


def opens(shown: Wall) -> Any:
    """The address of the records behind a number: `opens('found', sector_code='GAS')`."""
    campaign = shown.campaign.id if shown.campaign else ""
    keys = {
        "found": "campaign_hazards_found" if campaign else "hazards_found",
        "closed": "campaign_hazards_rectified" if campaign else "hazards_closed",
        "rate": "campaign_rectification_rate" if campaign else "hazards_rectification_rate",
        "timeliness": "hazards_on_time_rate",
        "visits": "campaign_inspections" if campaign else "inspections_done",
    }

    @cache
    def beginning(what: str) -> str:
        """The address without what narrows it: a wall has hundreds of them."""
        if what in ("overdue", "major"):
            filters: dict[str, Any] = {"overdue": "1"} if what == "overdue" else {"status": "open", "grade": "major"}
            return url_for("hazards.index", **filters | ({"campaign": campaign} if campaign else {}))
        if keys[what] not in metrics.catalogue():
            return ""
        about: dict[str, Any] = {"campaign_id" if what == "timeliness" else "campaign": campaign} if campaign else {}
        return url_for("metrics.rows", key=keys[what], window="all", **about)

    def address(what: str, **narrowed: str) -> str:
        names = {"sector_code": "sector"} if what in ("overdue", "major") else {}
        given = {names.get(name, name): value for name, value in narrowed.items() if value}
        begins = beginning(what)
        return f"{begins}&{urlencode(given)}" if begins and given else begins

    return address


def _table(shown: Wall) -> tuple[list[str], list[list[object]]]:
    columns = [_("检查家次"), _("隐患"), _("已整改"), _("整改率"), _("按期整改率"), _("超期"), _("未销号重大隐患")]
    if shown.by == "town":
        first = [_("属地"), *(name for _code, name in shown.heads)]
    else:
        first = [_("领域"), _("牵头单位"), *(gate.name for gate in (shown.matrix.gates if shown.matrix else ()))]
    rows = [[*_named(shown, row), *_counts(row.sums)] for row in shown.rows]
    total: list[object] = [_("全市"), *[""] * (len(first) - 1), *_counts(shown.total)]
    return [*first, *columns], [*rows, total]


def _named(shown: Wall, row: reading.Row) -> list[object]:
    percents = [f"{cell.percent}%" if cell.percent is not None else "" for cell in row.cells]
    if shown.by == "town":
        return [row.name or _("市本级"), *percents]
    gates = len(shown.matrix.gates) if shown.matrix else 0
    return [row.name, row.sub, *percents, *[""] * (gates - len(percents))]


def _counts(sums: Sums) -> list[object]:
    rates = [f"{rate}%" if rate is not None else "—" for rate in (sums.rate, sums.timeliness)]
    return [sums.visits, sums.found, sums.closed, *rates, sums.overdue, sums.major_open]
