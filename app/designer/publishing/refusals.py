"""Why something cannot be submitted for publication, field by field: the same for pages, programs and a second try."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app import web
from app.designer import drafts
from app.designer.publishing import queries
from app.designer.publishing.operations import instant, title_of
from app.engine import Package, XMLRefused, read_diagram
from app.i18n import _

Errors = dict[str, Any]


@dataclass(frozen=True)
class Looked:
    """What the check of a draft found at a revision, and the content that it looked at."""

    draft_id: str
    rev: int
    content_hash: str
    errors: int


_looked: ContextVar[Looked | None] = ContextVar("looked", default=None)


@contextlib.contextmanager
def looked_before(session: Session, draft: drafts.Draft) -> Iterator[None]:
    """Check a draft now, so that nobody waits for it while the submission writes.

    There, under the draft's lock, it counts for this revision and this content only; else the check is done again.
    Putting it into effect checks in any case.
    """
    count = drafts.errors_in(drafts.check(session, draft))
    content_hash = drafts.package_of(session, draft).content_hash
    token = _looked.set(Looked(draft.id, draft.rev, content_hash, count))
    try:
        yield
    finally:
        _looked.reset(token)


def refusals(session: Session, data: Mapping[str, Any], instance_id: str | None, now: dt.datetime) -> Errors:
    """Why something cannot be submitted, field by field; nothing where it can."""
    action, key = str(data.get("action") or ""), str(data.get("process_key") or "")
    errors: Errors = {}
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


def _draft_refused(session: Session, key: str, data: Mapping[str, Any]) -> Errors:
    draft = drafts.find(session, str(data.get("draft_id") or ""), for_update=True)
    if draft.key != key:
        return {"process_key": [_("草稿不是这个流程的")]}
    if draft.published_version is not None:
        return {"draft_id": [_("这份草稿已经发布")]}
    package = drafts.package_of(session, draft)
    same = queries.same_as(session, package)
    if same is not None:
        return {"draft_id": [_("草稿与 v%(n)s 完全相同；要恢复旧版本，请在版本页办理", n=same)]}
    looked = _looked.get()
    if looked is not None and (looked.draft_id, looked.rev, looked.content_hash) == (
        draft.id,
        draft.rev,
        package.content_hash,
    ):
        count = looked.errors
    else:
        count = drafts.errors_in(drafts.check(session, draft))
    return {"draft_id": [_("校验有 %(n)s 处错误，改正后才能发布", n=count)]} if count else {}


def _version_refused(session: Session, key: str, data: Mapping[str, Any]) -> Errors:
    row = queries.version(session, key, data.get("version") or 0)
    if row is None or (row.status == "draft" and row.published_at is None):
        return {"version": [_("没有这个版本，或它从未发布过")]}
    if row.status == "published":
        return {"version": [_("这个版本正在使用")]}
    findings = drafts.check_package(session, web.engine().definition(session, row.id).package)
    wrong = next((finding for finding in findings if finding.is_error), None)
    return {"version": [_("这个版本不能再用：%(why)s", why=wrong.text)]} if wrong else {}


def _retiring_refused(session: Session, key: str, data: Mapping[str, Any]) -> Errors:
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
            found.append(title_of(package.manifest) or other)
    return found


def _started(package: Package) -> set[str]:
    try:
        nodes = read_diagram(package.diagram).nodes.values()
    except XMLRefused:
        return set()
    found = {node.starts or "" for node in nodes}
    for node in nodes:
        found.add(node.properties.get("extension_process", ""))
        found |= {rung.rpartition(":")[2].strip() for rung in node.properties.get("ladder", "").split(";")}
    return found
