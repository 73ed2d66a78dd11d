from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Flask

from app import web
from app.accounts import requires
from app.dashboards.wall import reading
from app.dashboards.wall.reading import Row, Wall
from app.dashboards.wall.views import READERS

blp = web.blueprint("walls", description="The wall of a campaign as data")


class WallSumsOut(ma.Schema):
    """`rate` and `timeliness` are per cent, null where there is nothing to divide by."""

    visits = ma.fields.Integer()
    found = ma.fields.Integer()
    closed = ma.fields.Integer()
    open = ma.fields.Integer()
    on_time = ma.fields.Integer()
    overdue = ma.fields.Integer()
    major_found = ma.fields.Integer()
    major_closed = ma.fields.Integer()
    major_open = ma.fields.Integer()
    major_overdue = ma.fields.Integer()
    rate = ma.fields.Float(allow_none=True)
    timeliness = ma.fields.Float(allow_none=True)


class WallGateOut(ma.Schema):
    seq = ma.fields.Integer()
    name = ma.fields.String()
    start_on = ma.fields.Date()
    end_on = ma.fields.Date()
    status = ma.fields.String()
    state = ma.fields.String(metadata={"description": "done, red, amber, blue, none"})
    expected = ma.fields.Integer(allow_none=True, metadata={"description": "per cent expected today"})
    days = ma.fields.Integer(metadata={"description": "days to the gate; negative past it"})
    open_sectors = ma.fields.Integer()


class WallCellOut(ma.Schema):
    """One sector in one phase."""

    seq = ma.fields.Integer()
    state = ma.fields.String(metadata={"description": "done, green, amber, red, none"})
    percent = ma.fields.Integer(allow_none=True)
    expected = ma.fields.Integer(allow_none=True)
    lag = ma.fields.Integer()
    done = ma.fields.Integer(metadata={"description": "tasks that are done"})
    tasks = ma.fields.Integer()
    leftovers = ma.fields.Integer()


class WallSectorOut(ma.Schema):
    sector_code = ma.fields.String()
    name = ma.fields.String()
    lead = ma.fields.String()
    plan_id = ma.fields.String()
    cells = ma.fields.List(ma.fields.Nested(WallCellOut))
    figures = ma.fields.Nested(WallSumsOut)


class WallTownOut(ma.Schema):
    region_code = ma.fields.String()
    name = ma.fields.String()
    figures = ma.fields.Nested(WallSumsOut)


class WallOut(ma.Schema):
    campaign_id = ma.fields.String()
    at = ma.fields.AwareDateTime()
    gates = ma.fields.List(ma.fields.Nested(WallGateOut))
    sectors = ma.fields.List(ma.fields.Nested(WallSectorOut))
    towns = ma.fields.List(ma.fields.Nested(WallTownOut))
    figures = ma.fields.Nested(WallSumsOut)


@blp.route("/campaigns/<campaign_id>/wall")
@requires(*READERS)
@blp.response(200, WallOut)
def show(campaign_id: str) -> dict[str, Any]:
    """Sectors by phases with progress beside what is expected today, figures by sector and town, as the caller sees."""
    return as_data(reading.wall(web.db.session(), web.current_user(), web.clock().now(), campaign_id, late=0))


def as_data(wall: Wall) -> dict[str, Any]:
    return {
        "campaign_id": wall.campaign.id if wall.campaign else "",
        "at": wall.now,
        "gates": wall.matrix.gates if wall.matrix else (),
        "sectors": [_sector(row) for row in wall.rows],
        "towns": [{"region_code": row.key, "name": row.name, "figures": row.sums} for row in wall.towns],
        "figures": wall.total,
    }


def _sector(row: Row) -> dict[str, Any]:
    told = {"sector_code": row.key, "name": row.name, "lead": row.sub, "plan_id": row.plan_id}
    return told | {"cells": row.cells, "figures": row.sums}


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
