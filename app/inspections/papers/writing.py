"""What a paper says: taken from the record when it is shown, so that paper and record never differ.

The check code (校验码) is the head of SHA-256 over what the paper says: two copies with the same code say the same.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.accounts import Organisation, Region
from app.clock import local
from app.db import dump_json
from app.inspections import queries
from app.inspections.models import InspectedSubject, Inspection, InspectionItem, Inspector
from app.inspections.papers.families import family_of
from app.subjects import Subject

# family → kind → (title, word of the number). A kind that is missing is not issued by that family.
TITLES: dict[str, dict[str, tuple[str, str]]] = {
    "enforcement": {
        "record": ("现场检查记录", "检记"),
        "order": ("责令限期整改指令书", "责改"),
        "on_site": ("现场处理措施决定书", "现决"),
    },
    "fire": {
        "record": ("消防监督检查记录", "检记"),
        "order": ("责令限期改正通知书", "限改"),
        "on_site": ("责令立即改正通知书", "即改"),
    },
    "town": {
        "record": ("现场检查记录", "安监现记〔督〕"),
        "order": ("限期整改意见书", "安监整改〔督〕"),
        "on_site": ("现场纠正记录", "安监现纠〔督〕"),
    },
    "general": {
        "record": ("检查记录", "查记"),
        "order": ("隐患整改通知单", "整改"),
    },
}
BANNERS = {
    "enforcement": "安全生产行政执法文书",
    "fire": "消防监督检查文书",
    "town": "安全生产监督检查文书",
    "general": "安全生产检查文书",
}


@dataclass(frozen=True)
class Paper:
    """One paper of one inspected subject, ready to be set."""

    kind: str
    family: str
    title: str
    banner: str
    number: str
    inspection: Inspection
    checked: InspectedSubject
    subject: Subject
    org: Organisation
    city: str
    on: dt.date
    team: list[Inspector]
    items: list[InspectionItem]  # all of the record, or those that the paper orders
    groups: list[tuple[list[int], dt.date]] = field(default_factory=list)  # places in `items`, and their last day
    major: list[int] = field(default_factory=list)
    basis: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[InspectionItem]:
        return [one for one in self.items if one.failed]

    @property
    def period(self) -> tuple[str, str]:
        """From when to when, as papers write it. It ends with the last answer."""
        first = self.inspection.started_at or self.inspection.updated_at
        last = max((one.answered_at for one in self.items if one.answered_at), default=first)
        return document_time(first), document_time(max(first, last))

    @property
    def code(self) -> str:
        said = [self.title, self.number, self.subject.name, self.on.isoformat(), *(one.name for one in self.team)]
        said += [f"{one.position}{one.result}{one.finding}{one.due_on}" for one in self.items]
        digest = hashlib.sha256(dump_json(said).encode()).hexdigest().upper()
        return f"{digest[:4]} {digest[4:8]} {digest[8:12]}"


def document_time(at: dt.datetime) -> str:
    """2026年4月9日14时20分"""
    here = local(at)
    return f"{here.year}年{here.month}月{here.day}日{here.hour}时{here.minute:02d}分"


def papers_of(
    session: Session, inspection: Inspection, user: Any
) -> list[tuple[InspectedSubject, list[tuple[str, str]]]]:
    """Which papers there are, by subject: (kind, title). None before the inspection is recorded."""
    if inspection.status != "done":
        return []
    org = session.get_one(Organisation, inspection.org_id)
    titles = TITLES[family_of(org, inspection.sector_code)]
    subjects = queries.subjects_of(session, inspection, user)
    items = queries.items_of(session, [one.id for one in subjects])
    return [
        (
            one,
            [(kind, title) for kind, (title, _word) in titles.items() if kind == "record" or _of(kind, items[one.id])],
        )
        for one in subjects
    ]


def paper_of(session: Session, inspection: Inspection, checked: InspectedSubject, kind: str) -> Paper | None:
    """The paper, or None where this family issues none of the kind, or there is nothing to put on it."""
    org = session.get_one(Organisation, inspection.org_id)
    family = family_of(org, inspection.sector_code)
    rows = queries.items_of(session, [checked.id])[checked.id]
    items = rows if kind == "record" else _of(kind, rows)
    if inspection.status != "done" or kind not in TITLES[family] or (kind != "record" and not items):
        return None
    title, word = TITLES[family][kind]
    at = local(inspection.executed_at or inspection.updated_at)
    city = session.get(Region, (org.region_code or "")[:6].ljust(12, "0"))
    return Paper(
        kind=kind,
        family=family,
        title=title,
        banner=BANNERS[family],
        number=_number(org, word, inspection, checked),
        inspection=inspection,
        checked=checked,
        subject=session.get_one(Subject, checked.subject_id),
        org=org,
        city=city.name if city else "",
        on=at.date(),
        team=queries.team_of(session, inspection.id),
        items=items,
        groups=_groups(items) if kind == "order" else [],
        major=[place for place, one in enumerate(items, start=1) if one.severity == "major" and one.failed],
        basis=list(dict.fromkeys(one.legal_basis for one in items if one.failed and one.legal_basis)),
    )


def _of(kind: str, items: list[InspectionItem]) -> list[InspectionItem]:
    """What is put right on the spot stands on the one paper, what has a last day on the other."""
    return [one for one in items if one.failed and (one.deadline == "on_site") == (kind == "on_site")]


def _groups(items: list[InspectionItem]) -> list[tuple[list[int], dt.date]]:
    days: dict[dt.date, list[int]] = {}
    for place, one in enumerate(items, start=1):
        if one.due_on:
            days.setdefault(one.due_on, []).append(place)
    return [(places, day) for day, places in sorted(days.items())]


def _number(org: Organisation, word: str, inspection: Inspection, checked: InspectedSubject) -> str:
    """（望）应急责改〔2026〕37 号; from the inspection's own number, so that none is given twice."""
    _jc, year, count = inspection.number.split("-")
    running = str(int(count)) + (f"-{checked.position}" if inspection.subjects > 1 else "")
    prefix = org.doc_prefix
    if "〔督〕" in word:
        return f"（{prefix or org.short_name}）{word}{year}-{running} 号"
    head = f"（{prefix[0]}）{prefix[1:]}" if prefix else f"（{org.short_name}）"
    return f"{head}{word}〔{year}〕{running} 号"
