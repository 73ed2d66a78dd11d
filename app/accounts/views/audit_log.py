"""The audit log: read and checked by the audit administrator, changed by nobody."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Response, request

from app import audit, web
from app.accounts.access import requires
from app.accounts.listings import AuditFilter, audit_list
from app.accounts.views import blueprint
from app.accounts.views.forms import neighbours, page_number
from app.audit import AuditRecord


@blueprint.get("/admin/audit")
@requires("audit_admin")
def audit_log() -> Response:
    return _page()


@blueprint.post("/admin/audit/checks")
@requires("audit_admin")
@web.writes
def check_audit() -> Response:
    """Walk the whole chain; the check is itself an act that the log shows."""
    session = web.db.session()
    broken = audit.verify(session)
    count = session.scalar(sa.select(sa.func.count()).select_from(AuditRecord)) or 0
    audit.record(
        session, web.clock().now(), web.actor(), "audit.checked", "audit", None,
        records=count, broken_at=broken.seq if broken else None,
    )  # fmt: skip
    return _page(checked=True, broken=broken, checked_count=count)


def _page(**context: Any) -> Response:
    wanted = AuditFilter(
        actor=request.values.get("actor", ""),
        action=request.values.get("action", ""),
        object=request.values.get("object", ""),
        since=_day(request.values.get("since", "")),
        until=_day(request.values.get("until", "")),
    )
    page = web.paginate(audit_list(wanted), page_number(), 50)
    actions = web.db.session.scalars(sa.select(AuditRecord.action).distinct().order_by(AuditRecord.action))
    template = "accounts/_audit.html" if web.is_partial() else "accounts/audit.html"
    return web.render(
        template, page=page, **neighbours(page), wanted=wanted, actions=[(a, a) for a in actions], **context
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
