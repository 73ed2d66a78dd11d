"""Writes: naming a proxy, and ending an absence before its time. Audited; neither commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app import audit
from app.accounts.absences import queries
from app.accounts.absences.models import Absence
from app.accounts.models import User
from app.clock import SHANGHAI, local
from app.errors import Conflict, Forbidden, Invalid
from app.i18n import _

LONGEST = 180  # days: who is away for longer hands the work over (离职转办)


def name_proxy(session: Session, user: User, data: Mapping[str, Any], now: dt.datetime) -> Absence:
    """The person is away from the first day to the last, both included; the colleague does the work meanwhile.

    Forbidden for whom nobody may replace; Invalid for a period that makes no sense and for a proxy who is none, or
    who is away then; Conflict where one was named already.
    """
    if not queries.may_be_away(user):
        raise Forbidden(_("管理员和专家的工作不能由他人代理"))
    starts_at, ends_at = _period(data["first"], data["last"], now)
    proxy = session.scalar(queries.possible_proxies(user).where(User.id == data["proxy_id"]))
    if proxy is None:
        raise Invalid({"proxy_id": [_("只能选择本单位的在岗人员")]})
    if queries.overlapping(session, proxy.id, starts_at, ends_at) is not None:
        raise Invalid({"proxy_id": [_("%(name)s在此期间也已外出", name=proxy.name)]})
    if queries.overlapping(session, user.id, starts_at, ends_at) is not None:
        raise Conflict(_("这段时间已指定代理人，先结束原来的代理"))
    absence = Absence(
        user_id=user.id, proxy_id=proxy.id, reason=data["reason"], starts_at=starts_at, ends_at=ends_at, created_at=now
    )
    session.add(absence)
    session.flush()
    _record(session, now, user, "absences.named", absence, proxy=proxy.id, name=proxy.name)
    return absence


def end(session: Session, absence: Absence, user: User, now: dt.datetime) -> None:
    """Back before the time, or not going after all."""
    if absence.state(now) == "over":
        raise Conflict(_("这次代理已经结束"))
    absence.ended_at = now
    _record(session, now, user, "absences.ended", absence)


def _period(first: dt.date, last: dt.date, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    today = local(now).date()
    if first < today:
        raise Invalid({"first": [_("开始日期不能早于今天")]})
    if last < first:
        raise Invalid({"last": [_("结束日期不能早于开始日期")]})
    if (last - first).days >= LONGEST:
        raise Invalid({"last": [_("一次最长 %(n)s 天", n=LONGEST)]})
    starts_at = max(now, dt.datetime.combine(first, dt.time(), tzinfo=SHANGHAI))
    return starts_at, dt.datetime.combine(last + dt.timedelta(1), dt.time(), tzinfo=SHANGHAI)


def _record(session: Session, at: dt.datetime, user: User, action: str, absence: Absence, **detail: Any) -> None:
    period = {"from": absence.starts_at.isoformat(), "until": absence.ends_at.isoformat()}
    audit.record(session, at, user.actor(), action, "absence", absence.id, **period, **detail)
