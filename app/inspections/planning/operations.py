"""Planning: the record, its subjects, its team, the items to be checked. Called by the process; commits nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, User, visible
from app.audit import Actor, record
from app.clock import local
from app.db import insert_or, new_id
from app.errors import Invalid
from app.i18n import _
from app.inspections import queries
from app.inspections.checklists.models import Checklist, ChecklistItem
from app.inspections.models import InspectedSubject, Inspection, InspectionItem, InspectionNumber, Inspector
from app.inspections.planning import choosing, drawing
from app.inspections.schemas import concealed
from app.subjects import Subject

Data = Mapping[str, Any]
CRITERIA = ("draw_sector", "draw_town", "draw_mark", "draw_count", "draw_recent_days", "draw_inspectors")


def plan(session: Session, data: Data, *, instance_id: str, by: Actor, now: dt.datetime) -> Inspection:
    """Enter the inspection and give it the next number of the year. `data` is what InspectionPlanData gives.

    Repeating it for the same instance finds what was entered. Raises Invalid where the plan cannot be carried out.
    """
    if found := queries.of_instance(session, instance_id):
        return found
    user = session.get(User, by.id) if by.id else None
    org = _inspecting(session, data, by)
    inspection = Inspection(id=new_id(), instance_id=instance_id, org_id=org.id, selection=data["selection"])
    chosen = choose(session, data, user, now)
    _describe(session, inspection, data, by=by, now=now)
    session.add(inspection)
    session.flush()
    if data["selection"] == "draw":
        candidates = choosing.subject_candidates(session, data, user, now)
        chosen = _drawn(session, inspection, "subjects", candidates, data["draw_count"], data, by=by, now=now)
    _enter_subjects(session, inspection, _loaded(session, chosen), org)
    _enter_team(session, inspection, data, chosen, by=by, now=now)
    _enter_items(session, inspection)
    inspection.search_text = queries.search_text(inspection, queries.team_of(session, inspection.id))
    session.flush()
    record(session, now, by, "inspections.planned", "inspection", inspection.id, number=inspection.number)
    return inspection


def choose(session: Session, data: Data, user: Any, now: dt.datetime) -> list[str]:
    """The subjects, unless they are drawn; Invalid where one is not this person's to inspect, or none is left."""
    if data["selection"] == "draw":
        return []
    if data["selection"] == "priority":
        if not (found := choosing.by_priority(session, data, user, now)):
            raise Invalid({"draw_count": [_("没有符合条件、近期未检查的对象")]})
        return found
    wanted = list(dict.fromkeys(data["subject_ids"]))
    select = sa.select(Subject.id).where(Subject.id.in_(wanted))
    seen = set(session.scalars(visible(select, Subject, user) if user is not None else select))
    if missing := [one for one in wanted if one not in seen]:
        raise Invalid({"subject_ids": [_("有 %(n)s 个对象不存在，或者不在您的管辖范围内", n=len(missing))]})
    return wanted


def checklist_of(session: Session, data: Data) -> Checklist | None:
    """The checklist that is named, if any; Invalid where it cannot be inspected by."""
    if not data["checklist_id"]:
        return None
    found = session.get(Checklist, data["checklist_id"])
    if found is None or found.status not in ("published", "superseded"):
        raise Invalid({"checklist_id": [_("没有这份检查清单，或者尚未发布")]})
    return found


def _inspecting(session: Session, data: Data, by: Actor) -> Organisation:
    """Whoever plans it inspects, unless the process says otherwise (a campaign's task, say)."""
    found = session.get(Organisation, data["inspecting_org_id"] or by.org_id or "")
    if found is None:
        raise Invalid({"inspecting_org_id": [_("没有这个检查单位")]})
    return found


def _describe(session: Session, inspection: Inspection, data: Data, *, by: Actor, now: dt.datetime) -> None:
    for name in ("mode", "purpose", "topic", "campaign_id", "plan_id", "planned_on", "request_key"):
        setattr(inspection, name, data[name])
    checklist = checklist_of(session, data)
    inspection.checklist_id = checklist.id if checklist else None
    inspection.checklist_title = checklist.title if checklist else ""
    inspection.number = _next_number(session, local(now).year)
    inspection.status = "concealed" if concealed(inspection.mode) else "planned"
    inspection.sector_code = data["sector_code"] or data["draw_sector"] or (checklist and checklist.sector_code) or ""
    inspection.region_code = inspection.open_region_code = ""
    inspection.leader_id = inspection.leader_name = ""
    inspection.created_at = inspection.updated_at = now
    inspection.created_by_id, inspection.created_by_name = by.id, by.name


def _next_number(session: Session, year: int) -> str:
    """JC-2026-0001. The row is locked until the transaction ends: two at once wait, one that fails leaves no gap."""
    first = insert_or(session, InspectionNumber).values(year=year, last=1)
    counted = {"last": InspectionNumber.last + 1}
    next_one = first.on_conflict_do_update(index_elements=[InspectionNumber.year], set_=counted)
    return f"JC-{year}-{session.scalar(next_one.returning(InspectionNumber.last)) or 0:04d}"


def _drawn(
    session: Session,
    inspection: Inspection,
    kind: str,
    candidates: choosing.Candidates,
    count: int,
    data: Data,
    *,
    by: Actor,
    now: dt.datetime,
) -> list[str]:
    if len(candidates.ids) < count:
        field = "draw_count" if kind == "subjects" else "draw_inspectors"
        raise Invalid({field: [_("符合条件的只有 %(n)s 个，不够抽取", n=len(candidates.ids))]})
    criteria = {name: data[name] for name in CRITERIA}
    return drawing.make(session, inspection.id, kind, candidates, count, criteria, by=by, now=now).drawn


def _loaded(session: Session, ids: list[str]) -> list[Subject]:
    found = {one.id: one for one in session.scalars(sa.select(Subject).where(Subject.id.in_(ids)))}
    return [found[one] for one in ids]


def _enter_subjects(session: Session, inspection: Inspection, subjects: list[Subject], org: Organisation) -> None:
    inspection.sector_code = inspection.sector_code or subjects[0].sector_code
    inspection.region_code = common_region(one.region_code for one in subjects)
    hidden = inspection.status == "concealed"
    own = org.region_code or inspection.region_code
    inspection.open_region_code = own if hidden else inspection.region_code
    inspection.open_sector_code = "" if hidden else inspection.sector_code
    inspection.subjects = len(subjects)
    for position, subject in enumerate(subjects, start=1):
        session.add(
            InspectedSubject(
                inspection_id=inspection.id,
                instance_id=inspection.instance_id,
                subject_id=subject.id,
                position=position,
                name=subject.name,
                region_code=subject.region_code,
                sector_code=inspection.sector_code,
                supervising_org_id=subject.supervising_org_id,
                inspecting_org_id=org.id,
                open_region_code=own if hidden else subject.region_code,
                open_sector_code="" if hidden else inspection.sector_code,
                open_supervising_org_id=None if hidden else subject.supervising_org_id,
                drawn=inspection.selection == "draw",
            )
        )
    session.flush()


def common_region(codes: Iterable[str]) -> str:
    """The village, town or city that all lie in."""
    found = set(codes)
    for digits in (12, 9, 6):
        if len({code[:digits] for code in found}) == 1:
            return next(iter(found))[:digits].ljust(12, "0")
    return next(iter(sorted(found)))[:6].ljust(12, "0")


def _enter_team(
    session: Session, inspection: Inspection, data: Data, chosen: list[str], *, by: Actor, now: dt.datetime
) -> None:
    ids = list(dict.fromkeys(data["inspectors"]))
    drawn: list[str] = []
    if data["selection"] == "draw":
        candidates = choosing.inspector_candidates(session, inspection.org_id, chosen)
        drawn = _drawn(session, inspection, "inspectors", candidates, data["draw_inspectors"], data, by=by, now=now)
        ids = list(dict.fromkeys([*drawn, *ids]))
    people = {one.id: one for one in session.scalars(sa.select(User).where(User.id.in_(ids), User.active)).unique()}
    if missing := [one for one in ids if one not in people]:
        raise Invalid({"inspectors": [_("有 %(n)s 名检查人员不存在或已停用", n=len(missing))]})
    if who := choosing.conflicted(session, ids, chosen):
        names = _("、").join(one.name for one in who)
        raise Invalid({"inspectors": [_("%(names)s应当回避，不能检查这些对象", names=names)]})
    leader = data["leader_id"] if data["leader_id"] in people else ids[0]
    set_team(session, inspection, [people[one] for one in sorted(ids, key=lambda one: one != leader)], drawn)


def set_team(session: Session, inspection: Inspection, people: list[User], drawn: Iterable[str] = ()) -> None:
    """The first of them leads."""
    session.execute(sa.delete(Inspector).where(Inspector.inspection_id == inspection.id))
    by_lot = set(drawn)
    for position, person in enumerate(people, start=1):
        session.add(
            Inspector(
                inspection_id=inspection.id,
                user_id=person.id,
                position=position,
                name=person.name,
                org_id=person.org_id,
                org_name=person.organisation.short_name,
                cert_no=person.cert_no,
                role="leader" if position == 1 else "member",
                drawn=person.id in by_lot,
            )
        )
    inspection.leader_id, inspection.leader_name = people[0].id, people[0].name
    inspection.team_key = hashlib.sha256("\n".join(sorted(one.id for one in people)).encode()).hexdigest()
    session.flush()


def _enter_items(session: Session, inspection: Inspection) -> None:
    """A snapshot for each subject: a checklist that changes later changes nothing here."""
    if inspection.checklist_id is None:
        return
    asked = sa.select(ChecklistItem).where(ChecklistItem.checklist_id == inspection.checklist_id)
    items = list(session.scalars(asked.order_by(ChecklistItem.position)))
    for subject in queries.subjects_of(session, inspection):
        for item in items:
            key = new_id()
            session.add(
                InspectionItem(
                    id=key,
                    client_id=key,
                    inspection_id=inspection.id,
                    inspected_subject_id=subject.id,
                    checklist_item_id=item.id,
                    **{name: getattr(item, name) for name in _COPIED},
                )
            )
    session.flush()


_COPIED = (
    "position", "category", "content", "legal_basis", "method", "criteria", "requirement", "severity_hint",
    "finding_hint",
    "hazard_kind",
)  # fmt: skip
