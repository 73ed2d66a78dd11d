"""What each step of the publication process writes. Inside the engine's transaction; none commits."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor, record
from app.clock import SHANGHAI
from app.designer import drafts
from app.designer.publishing import queries
from app.designer.publishing.models import Publication
from app.engine import Engine
from app.errors import Conflict, NotFound
from app.i18n import lazy_


def submit(session: Session, data: Mapping[str, Any], *, instance_id: str, by: Actor, now: dt.datetime) -> Publication:
    """Enter the request, or the same one again after it was given back. The draft is fixed until it is settled."""
    publication = queries.of_instance(session, instance_id)
    if publication is None:
        publication = Publication(instance_id=instance_id, action=str(data["action"]), key=str(data["process_key"]))
        publication.draft_id = str(data["draft_id"]) if publication.action == "publish" else None
        publication.version = int(data["version"]) if publication.action == "roll_back" else None
        publication.submitted_by_id, publication.submitted_by_name = by.id, by.name
        publication.submitted_by_org_id = by.org_id
    elif publication.status == "waiting":
        return publication
    in_force = queries.in_force(session, publication.key)
    publication.in_force = in_force.version if in_force else None
    publication.title = in_force.title_zh if in_force else publication.key
    publication.note, publication.effective_at = str(data["note"]), instant(data.get("effective_at"))
    publication.status, publication.submitted_at, publication.reason = "waiting", now, ""
    session.add(publication)
    session.flush()
    if publication.draft_id:
        draft = drafts.find(session, publication.draft_id, for_update=True)
        package = drafts.package_of(session, draft)
        publication.content_hash = package.content_hash
        publication.title = title_of(package.manifest) or draft.title
        draft.publication_id, draft.note = publication.id, publication.note
    _log(session, now, by, "publications.submitted", publication, note=publication.note)
    return publication


def title_of(manifest: Mapping[str, Any]) -> str:
    title = manifest.get("title")
    return str(title.get("zh") or "")[:200] if isinstance(title, dict) else ""


def instant(text: Any) -> dt.datetime | None:
    """An instant of a form, in office time where it has no offset of its own."""
    if not text:
        return None
    found = text if isinstance(text, dt.datetime) else dt.datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def approve(session: Session, publication: Publication, *, by: Actor, now: dt.datetime) -> None:
    """A second person agrees. What that is, is seen to before the step is completed."""
    if publication.status == "waiting":
        publication.status, publication.decided_at = "approved", now
        publication.decided_by_id, publication.decided_by_name = by.id, by.name
        _log(session, now, by, "publications.approved", publication)


def give_back(session: Session, publication: Publication, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """Refused with a reason: the author may change the draft again."""
    if publication.status != "waiting":
        return
    publication.status, publication.reason, publication.decided_at = "refused", reason, now
    publication.decided_by_id, publication.decided_by_name = by.id, by.name
    _let_go(session, publication)
    _log(session, now, by, "publications.refused", publication, reason=reason)


def withdraw(session: Session, publication: Publication, *, by: Actor, now: dt.datetime) -> None:
    """Nothing comes of it, before it was approved or after."""
    if not publication.is_open:
        return
    publication.status, publication.finished_at = "withdrawn", now
    _let_go(session, publication)
    _log(session, now, by, "publications.withdrawn", publication)


def _let_go(session: Session, publication: Publication) -> None:
    """A draft that was given back may be deleted meanwhile: that holds nobody to the request."""
    if publication.draft_id:
        with contextlib.suppress(NotFound):
            drafts.find(session, publication.draft_id, for_update=True).publication_id = None


def carry_out(session: Session, engine: Engine, publication: Publication, *, now: dt.datetime) -> int | None:
    """Put into effect what was approved, with the approver as publisher; the version that is in force then.

    Repeating it changes nothing. Where another version came into force after the request was submitted, nobody has
    compared with that one: nothing is published, and the request goes back to its author. Raises Invalid where the
    process no longer passes the check, Conflict where the draft is not the one that was approved: both become
    incidents of the publication, to be retried or withdrawn.
    """
    if publication.status != "approved":
        return publication.version if publication.status == "published" else None
    approver = Actor(publication.decided_by_id, publication.decided_by_name)
    overtaken = queries.overtaken(session, publication, for_update=True)
    if overtaken is not None:
        publication.status, publication.reason = "refused", str(overtaken)
        _let_go(session, publication)
        _log(session, now, SYSTEM, "publications.overtaken", publication, reason=publication.reason)
        return None
    if publication.action == "retire":
        engine.retire_within(session, publication.key, by=approver)
        publication.version = None
    elif publication.action == "roll_back":
        assert publication.version is not None
        engine.publish_within(session, publication.key, publication.version, by=approver)
    else:
        publication.version = _publish_draft(session, engine, publication, approver, now)
    publication.status, publication.finished_at = "published", now
    _log(session, now, approver, "publications.published", publication, version=publication.version)
    return publication.version


def _publish_draft(
    session: Session, engine: Engine, publication: Publication, approver: Actor, now: dt.datetime
) -> int:
    draft = drafts.find(session, publication.draft_id or "", for_update=True)
    package = drafts.package_of(session, draft)
    if package.content_hash != publication.content_hash:
        raise Conflict(lazy_("草稿与批准的内容不一致"))
    author = Actor(publication.submitted_by_id, publication.submitted_by_name, publication.submitted_by_org_id)
    row = engine.deploy_within(session, package, author=author, publisher=approver)
    draft.published_version, draft.publication_id = row.version, None
    return row.version


def _log(session: Session, now: dt.datetime, by: Actor, action: str, publication: Publication, **detail: Any) -> None:
    given = {"key": publication.key, "what": publication.action, **detail}
    record(session, now, by, action, "publication", publication.id, **given)
