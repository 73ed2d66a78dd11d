"""Reads and writes of one's own saved filters. Nobody sees another's; writes are audited and commit nothing."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import audit
from app.audit import Actor
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _
from app.inbox.listing import Listing
from app.inbox.saved.models import SavedFilter

LONGEST, MOST = 40, 20


def kept(session: Session, user_id: str) -> list[SavedFilter]:
    """The person's own, in the order they were kept."""
    select = sa.select(SavedFilter).where(SavedFilter.user_id == user_id)
    return list(session.scalars(select.order_by(SavedFilter.created_at, SavedFilter.id)))


def default(session: Session, user_id: str) -> SavedFilter | None:
    """What the inbox opens with, or None."""
    return session.scalar(sa.select(SavedFilter).where(SavedFilter.user_id == user_id, SavedFilter.is_default))


def listing(one: SavedFilter) -> Listing:
    """The list it stands for; what no longer makes sense is left out."""
    return Listing.of(one.args)


def keep(session: Session, by: Actor, name: str, wanted: Listing, now: dt.datetime) -> SavedFilter:
    """Invalid without a name or filters; Conflict where the name is taken, or there are enough of them."""
    name, own = name.strip(), kept(session, str(by.id))
    if not name:
        raise Invalid({"name": [_("请写筛选名称")]})
    if len(name) > LONGEST:
        raise Invalid({"name": [_("最多 %(n)s 个字", n=LONGEST)]})
    if not (wanted.filtered or wanted.sort):
        raise Invalid({"name": [_("没有筛选条件，先选条件再保存")]})
    if any(one.name == name for one in own):
        raise Conflict(_("已有同名的筛选"))
    if len(own) >= MOST:
        raise Conflict(_("最多保存 %(n)s 个筛选，先删除不用的", n=MOST))
    one = SavedFilter(user_id=by.id, name=name, args=wanted.args(), created_at=now)
    session.add(one)
    session.flush()
    audit.record(session, now, by, "filters.kept", "saved_filter", one.id, name=name)
    return one


def delete(session: Session, by: Actor, filter_id: str, now: dt.datetime) -> None:
    one = _own(session, by, filter_id)
    session.delete(one)
    audit.record(session, now, by, "filters.deleted", "saved_filter", filter_id, name=one.name)


def set_default(session: Session, by: Actor, filter_id: str, now: dt.datetime, *, on: bool) -> None:
    """The inbox opens with this one, or no longer does; there is one at most."""
    one = _own(session, by, filter_id)
    if one.is_default == on:
        raise Conflict(_("已经是默认筛选") if on else _("已经不是默认筛选"))
    for other in kept(session, str(by.id)):
        other.is_default = on and other.id == one.id
    audit.record(session, now, by, "filters.default_set", "saved_filter", one.id, on=on)


def _own(session: Session, by: Actor, filter_id: str) -> SavedFilter:
    one = session.get(SavedFilter, filter_id)
    if one is None or one.user_id != by.id:
        raise NotFound()
    return one
