"""What the publication process calls. Each finds its instance's request, writes one step and may be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import marshmallow as ma

from app.audit import Actor
from app.designer.publishing import operations, queries
from app.designer.publishing.models import Overtaken, Publication
from app.engine import ServiceCall
from app.i18n import lazy_

if TYPE_CHECKING:
    from app.engine import Engine

Result = dict[str, Any]
OVERTAKEN = "overtaken"  # a result of designer.publish: the diagram leads back to the author


class Registered(ma.Schema):
    publication_id = ma.fields.String(allow_none=True)
    publication_title = ma.fields.String()
    effective_at = ma.fields.String(allow_none=True)
    published_version = ma.fields.Integer(allow_none=True)
    result = ma.fields.String()


class Published(ma.Schema):
    published_version = ma.fields.Integer(allow_none=True)
    result = ma.fields.String()


class Withdrawn(ma.Schema):
    result = ma.fields.String()


def register(call: ServiceCall) -> Result:
    """登记发布申请；退回后再报的，按新内容重新登记。"""
    publication = operations.submit(
        call.session, call.data, instance_id=call.instance_id, by=_starter(call.data), now=call.now
    )
    call.history("publications.submitted", text=publication.note)
    return {
        "publication_id": publication.id,
        "publication_title": f"{publication.action_name}：{publication.title}",
        "effective_at": publication.effective_at.isoformat() if publication.effective_at else None,
        "published_version": publication.version,
        "result": "waiting",
    }


def _stand_in_register(call: ServiceCall) -> Result:
    at = operations.instant(call.data.get("effective_at"))
    title = str(call.data.get("process_key") or "")
    effective_at = at.isoformat() if at else None
    return {
        "publication_id": None,
        "publication_title": title,
        "effective_at": effective_at,
        "published_version": None,
        "result": "waiting",
    }


def _starter(data: Mapping[str, Any]) -> Actor:
    given = data["starter"]
    return Actor(given.get("id"), given.get("name") or "", given.get("org_id"), given.get("org_name") or "")


def _approver(call: ServiceCall) -> Actor:
    given = (call.data.get("completed_by") or {}).get("approve") or {}
    return Actor(given.get("id"), given.get("name") or call.actor.name, given.get("org_id"))


def _publication(call: ServiceCall) -> Publication:
    found = queries.of_instance(call.session, call.instance_id)
    if found is None:
        raise LookupError("the instance has no publication")
    return found


def approve(call: ServiceCall) -> None:
    """记录批准人和批准时间。"""
    operations.approve(call.session, _publication(call), by=_approver(call), now=call.now)
    call.history("publications.approved")


def give_back(call: ServiceCall) -> None:
    """记录退回理由，草稿可以再改；现行版本变了而退回的已有理由。"""
    if call.data.get("result") == OVERTAKEN:
        return
    reason = str(call.data.get("reason") or "")
    operations.give_back(call.session, _publication(call), reason, by=_approver(call), now=call.now)
    call.history("publications.refused", text=reason)


def withdraw(call: ServiceCall) -> Result:
    """撤回申请，草稿可以再改；已生效的不变。"""
    found = queries.of_instance(call.session, call.instance_id)
    if found is not None:
        operations.withdraw(call.session, found, by=call.actor, now=call.now)
        call.history("publications.withdrawn")
    return {"result": "withdrawn"}


def _bound(engine: Engine) -> Any:
    def publish(call: ServiceCall) -> Result:
        """按批准的内容生效：新发起的事项用新版本，在办事项不变。现行版本已不是核对过的那个时不生效，退回起草人。"""
        publication = _publication(call)
        version = operations.carry_out(call.session, engine, publication, now=call.now)
        if publication.status == "refused":
            found = Overtaken.of(publication.reason)
            call.history("publications.overtaken", text=f"v{found.was or '-'} → v{found.now or '-'}" if found else "")
            return {"published_version": None, "result": OVERTAKEN}
        call.history("publications.published", text=f"v{version}" if version else str(lazy_("已停用")))
        return {"published_version": version, "result": "published"}

    return publish


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("designer.register", result=Registered, stand_in=_stand_in_register)(register)
    add("designer.approve", stand_in=lambda _call: None)(approve)
    add("designer.give_back", stand_in=lambda _call: None)(give_back)
    add("designer.withdraw", result=Withdrawn, stand_in=lambda _call: {"result": "withdrawn"})(withdraw)
    stand_in = {"published_version": 2, "result": "published"}
    add("designer.publish", result=Published, stand_in=lambda _call: stand_in, repeatable=False)(_bound(engine))
