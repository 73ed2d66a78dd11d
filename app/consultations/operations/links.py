"""Single-visit links (会诊链接): how an expert without an account hands in opinions for one visit.

A token has 256 bits and is kept as a hash only; it ends with its term, when it is revoked, and when the opinions are
handed in. Every opening is in the audit log. Addresses that try too much are turned away, those that guess sooner.
Terms count on the process clock, attempts on the real one, also where the process clock is driven.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor, record
from app.consultations.expert_models import Engagement, LinkAttempt, Opinion, VisitLink
from app.consultations.models import Visit
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _

VALID = dt.timedelta(days=14)
WINDOW = dt.timedelta(minutes=10)
ATTEMPTS, GUESSES = 120, 10  # of one address within the window: with known links, with unknown ones
MOST_OPINIONS = 30


class TooMany(Exception):
    """The address has tried too often."""


def issue(session: Session, engagement: Engagement, *, by: Actor, now: dt.datetime) -> str:
    """A new link for this expert and visit; its token, which is nowhere to be read again. An older one ends."""
    if engagement.status != "engaged":
        raise Conflict(_("这位专家%(status)s，不再需要链接", status=engagement.status_name), status=engagement.status)
    if engagement.user_id is not None:
        raise Conflict(_("这位专家有账号，在待办中提交意见"))
    revoke_all(session, engagement, by=by, now=now)
    token = secrets.token_urlsafe(32)
    link = VisitLink(
        engagement_id=engagement.id,
        token_hash=_hash(token),
        created_at=now,
        created_by_name=by.name,
        expires_at=now + VALID,
    )
    session.add(link)
    session.flush()
    told = {"expert": engagement.name, "expires_at": link.expires_at.isoformat()}
    record(session, now, by, "consultations.link_issued", "consultation_visit", engagement.visit_id, **told)
    return token


def revoke_all(session: Session, engagement: Engagement, *, by: Actor, now: dt.datetime) -> int:
    """End every link of this expert and visit that is still open; how many."""
    open_ones = sa.select(VisitLink).where(
        VisitLink.engagement_id == engagement.id, VisitLink.revoked_at.is_(None), VisitLink.used_at.is_(None)
    )
    found = list(session.scalars(open_ones))
    for link in found:
        link.revoked_at = now
    if found:
        told = {"expert": engagement.name, "links": len(found)}
        record(session, now, by, "consultations.link_revoked", "consultation_visit", engagement.visit_id, **told)
    return len(found)


def handed_in(session: Session, engagement: Engagement, *, by_link: bool, by: Actor, now: dt.datetime) -> None:
    """The opinions are there: the link that brought them is used up, any other ends."""
    if by_link:
        mine = sa.and_(VisitLink.engagement_id == engagement.id, VisitLink.revoked_at.is_(None))
        for link in session.scalars(sa.select(VisitLink).where(mine, VisitLink.used_at.is_(None))):
            link.used_at = now
        session.flush()
    revoke_all(session, engagement, by=by, now=now)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def opened(session: Session, token: str, *, address: str, secret: str, now: dt.datetime) -> VisitLink | None:
    """Count the attempt, and find the link if it may still be used; None where it may not, whatever the reason.

    Raises TooMany for an address that has tried too often. Writes: belongs into a write transaction that is kept also
    where nothing was found.
    """
    key = hmac.new(secret.encode(), f"link\0{address}".encode(), hashlib.sha256).hexdigest()
    real = dt.datetime.now(dt.UTC)
    session.execute(sa.delete(LinkAttempt).where(LinkAttempt.at < real - WINDOW))
    counts = {
        bool(known): int(n)
        for known, n in session.execute(
            sa.select(LinkAttempt.known, sa.func.count()).where(LinkAttempt.address == key).group_by(LinkAttempt.known)
        )
    }
    if counts.get(False, 0) >= GUESSES or sum(counts.values()) >= ATTEMPTS:
        raise TooMany
    link = session.scalar(sa.select(VisitLink).where(VisitLink.token_hash == _hash(token)))
    usable = link is not None and link.usable(now) and _wanted(session, link)
    session.add(LinkAttempt(address=key, known=usable, at=real))
    session.flush()
    return link if usable else None


def _wanted(session: Session, link: VisitLink) -> bool:
    """The expert is still to hand in, and the visit goes on."""
    engagement = session.get_one(Engagement, link.engagement_id)
    return engagement.status == "engaged" and session.get_one(Visit, engagement.visit_id).status != "voided"


def looked_at(session: Session, link: VisitLink, *, address: str, now: dt.datetime) -> None:
    """An opening: counted and put on record."""
    engagement = session.get_one(Engagement, link.engagement_id)
    link.openings, link.opened_at = link.openings + 1, now
    told = {"expert": engagement.name, "opening": link.openings, "address": address}
    record(
        session, now, guest(engagement), "consultations.link_opened", "consultation_visit", engagement.visit_id, **told
    )


def guest(engagement: Engagement) -> Actor:
    """An expert without an account, as history names them."""
    return Actor(id=None, name=_("%(name)s（专家链接）", name=engagement.name))


def drafts(session: Session, engagement: Engagement) -> list[Opinion]:
    """What was written down by the link and not handed in yet."""
    mine = sa.select(Opinion).where(Opinion.engagement_id == engagement.id, Opinion.status == "draft")
    return list(session.scalars(mine.order_by(Opinion.position, Opinion.id)))


def add_draft(session: Session, engagement: Engagement, data: Mapping[str, Any], photos: list[str]) -> Opinion:
    """One more opinion, kept until all are handed in. Raises Invalid per field."""
    present = drafts(session, engagement)
    if len(present) >= MOST_OPINIONS:
        raise Invalid({"summary": [_("一次最多提交 %(n)s 条意见", n=MOST_OPINIONS)]})
    visit = session.get_one(Visit, engagement.visit_id)
    found = Opinion(
        visit_id=visit.id,
        consultation_id=visit.consultation_id,
        engagement_id=engagement.id,
        position=max((one.position for one in present), default=0) + 1,
        status="draft",
        photos=photos,
        **data,
    )
    session.add(found)
    session.flush()
    return found


def drop_draft(session: Session, engagement: Engagement, opinion_id: str) -> None:
    """Raises NotFound where it is none of this expert's drafts."""
    found = next((one for one in drafts(session, engagement) if one.id == opinion_id), None)
    if found is None:
        raise NotFound()
    session.delete(found)
    session.flush()
