"""What does not go smoothly in the demo city, for the operators' console: an open incident and suspended work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from app import subjects
from app.accounts import User
from app.clock import local
from app.db import write_transaction
from app.demo.offices import TOWNS, village_code
from app.engine import Instance
from app.hazards import Hazard

if TYPE_CHECKING:
    from app.demo.play import Play

_FIRM = {
    "type": "enterprise",
    "name": "望海云翼无人机科技有限公司",
    "id_type": "uscc",
    "id_no": "91990181MA90000176",
    "sector_code": "LOWALT",
    "industry_code": "3963",
    "category": "无人机运营",
    "manager_name": "翟云",
    "manager_phone": "13900009001",
}


def begin(play: Play) -> None:
    play.on(6, 10, lambda: _nobody_supervises(play))


def _nobody_supervises(play: Play) -> None:
    """A town finds something in a new trade that has no lead department yet: the step that grades it finds nobody."""
    town = play.population.people["sunqiang"]
    place = {"region_code": village_code(0, 1), "address": f"{TOWNS[0][0]}滨海路 8 号"}
    with play.engine.sessions() as session, write_transaction(session):
        data = subjects.SubjectIn().load(_FIRM | place)
        clerk = play.population.people["wangjianguo"]
        user = session.get(User, clerk.id)
        firm = subjects.create(session, data, user=user, by=clerk, now=play.clock.now()).id
    answers = {
        "subject_id": firm,
        "summary": "无人机锂电池充电间未设防火分隔",
        "location": "办公楼一层充电间",
        "category": "object",
        "source": "patrol",
        "found_at": local(play.clock.now()).isoformat(),
        "requirement": "充电间与办公区之间设置防火分隔，配备灭火器材",
        "legal_basis": "《中华人民共和国消防法》第十六条第一款",
        "photos_before": [play.photo(town, after=False)],
        "grade_suggestion": "general",
    }
    play.engine.start("hazard_rectification", answers, by=town)


def suspend_one(play: Play) -> None:
    """The administrator stops a hazard's process until a court has said whose the site is.

    Last of all, because nothing goes on there any more.
    """
    select = (
        sa.select(Instance.id)
        .join(Hazard, Hazard.instance_id == Instance.id)
        .where(Instance.status == "running", Hazard.status == "rectifying", Hazard.grade == "general")
    )
    with play.engine.sessions() as session:
        found = session.scalars(select.order_by(Hazard.found_at.desc(), Hazard.id)).first()
    if found:
        reason = "场地权属在诉，法院要求保全现状，裁定前中止办理。"
        play.engine.suspend(found, reason, by=play.population.people["admin"])
