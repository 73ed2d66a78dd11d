"""What each step of the publication process writes. Inside the engine's transaction; none commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app import web
from app.audit import Actor, record
from app.clock import SHANGHAI
from app.designer import drafts
from app.designer.publishing import queries
from app.designer.publishing.models import Publication
from app.engine import Engine
from app.errors import Conflict, Invalid
from app.i18n import _, lazy_


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
        publication.title = _title(package.manifest) or draft.title
        draft.publication_id, draft.note = publication.id, publication.note
    _log(session, now, by, "publications.submitted", publication, note=publication.note)
    return publication


def _title(manifest: Mapping[str, Any]) -> str:
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
    if publication.draft_id:
        drafts.find(session, publication.draft_id, for_update=True).publication_id = None


def carry_out(session: Session, engine: Engine, publication: Publication, *, now: dt.datetime) -> int | None:
    """Put into effect what was approved, with the approver as publisher; the version that is in force then.

    Repeating it changes nothing. Raises Invalid where the process no longer passes the check, Conflict where the draft
    is not the one that was approved: both become incidents of the publication, to be retried or withdrawn.
    """
    if publication.status == "published":
        return publication.version
    approver = Actor(publication.decided_by_id, publication.decided_by_name)
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


def refusals(session: Session, data: Mapping[str, Any], instance_id: str | None, now: dt.datetime) -> dict[str, Any]:
    """Why something cannot be submitted, field by field; nothing where it can."""
    action, key = str(data.get("action") or ""), str(data.get("process_key") or "")
    errors: dict[str, Any] = {}
    effective_at = instant(data.get("effective_at"))
    if effective_at is not None and effective_at <= now:
        errors["effective_at"] = [_("生效时间应晚于现在；立即生效请不填")]
    other = queries.open_of(session, key)
    if other is not None and other.instance_id != instance_id:
        errors["process_key"] = [_("%(name)s 已就这个流程提交了申请，办结后才能再提", name=other.submitted_by_name)]
    find = {"publish": _draft_refused, "roll_back": _version_refused, "retire": _retiring_refused}.get(action)
    if find is None:
        return errors | {"action": [_("没有这种申请")]}
    return errors | find(session, key, data)


def _draft_refused(session: Session, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
    draft = drafts.find(session, str(data.get("draft_id") or ""))
    if draft.key != key:
        return {"process_key": [_("草稿不是这个流程的")]}
    if draft.published_version is not None:
        return {"draft_id": [_("这份草稿已经发布")]}
    package = drafts.package_of(session, draft)
    same = session.query(queries.Definition).filter_by(key=key, content_hash=package.content_hash).first()
    if same is not None:
        return {"draft_id": [_("草稿与 v%(n)s 完全相同；要恢复旧版本，请在版本页办理", n=same.version)]}
    count = drafts.errors_in(drafts.check(session, draft))
    return {"draft_id": [_("校验有 %(n)s 处错误，改正后才能发布", n=count)]} if count else {}


def _version_refused(session: Session, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
    row = queries.version(session, key, data.get("version") or 0)
    if row is None or (row.status == "draft" and row.published_at is None):
        return {"version": [_("没有这个版本，或它从未发布过")]}
    if row.status == "published":
        return {"version": [_("这个版本正在使用")]}
    findings = drafts.check_package(session, web.engine().definition(session, row.id).package)
    wrong = next((finding for finding in findings if finding.is_error), None)
    return {"version": [_("这个版本不能再用：%(why)s", why=wrong.text)]} if wrong else {}


def _retiring_refused(session: Session, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
    if queries.in_force(session, key) is None:
        return {"process_key": [_("这个流程没有正在使用的版本")]}
    if key == "process_publication":
        return {"process_key": [_("发布审批本身不能停用，停用后就再也不能发布")]}
    if users := callers(session, key):
        return {"process_key": [_("还有流程要用到它：%(names)s", names=_("、").join(users))]}
    return {}


def callers(session: Session, key: str) -> list[str]:
    """The published processes that start this one: by a call, a ladder or a request for more time."""
    found = []
    for other, package in web.engine().neighbours(session).items():
        if other != key and package.files and key in _started(package):
            found.append(_title(package.manifest) or other)
    return found


def _started(package: Any) -> set[str]:
    from app.engine import XMLRefused, read_diagram

    try:
        nodes = read_diagram(package.diagram).nodes.values()
    except XMLRefused:
        return set()
    found = {node.starts or "" for node in nodes}
    for node in nodes:
        found.add(node.properties.get("extension_process", ""))
        found |= {rung.rpartition(":")[2].strip() for rung in node.properties.get("ladder", "").split(";")}
    return found


def require_submittable(session: Session, data: Mapping[str, Any], now: dt.datetime) -> None:
    """Raises Invalid with what `refusals` says."""
    if errors := refusals(session, data, None, now):
        raise Invalid(errors)


def _log(session: Session, now: dt.datetime, by: Actor, action: str, publication: Publication, **detail: Any) -> None:
    given = {"key": publication.key, "what": publication.action, **detail}
    record(session, now, by, action, "publication", publication.id, **given)
