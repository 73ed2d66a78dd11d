"""Instruction or decision → slip → receipt → feedback → review → end; measures of the higher rungs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.errors import Conflict, Forbidden, Invalid
from app.supervision.ladder import INTERVIEW, LEADER, REMINDER, SLIP
from tests.cast import org_id
from tests.hazards.walk import at
from tests.supervision.walk import Instruction, SupervisionCircular, SupervisionFeedback, Walk

SignIn = Callable[[str], FlaskClient]
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_a_meetings_decisions_become_one_slip_each(city: Walk) -> None:
    dept, town = city.decide("emergency", "xingang")
    assert [i.addressee_org_id for i in (dept, town)] == [org_id("emergency"), org_id("xingang")]
    assert [(i.source, i.status, i.level) for i in (dept, town)] == [("meeting", "issued", SLIP)] * 2
    assert int(town.number[-4:]) == int(dept.number[-4:]) + 1
    assert (dept.basis, dept.colour) == ("市政府第 5 次常务会议", "yellow")
    assert set(city.open_of(dept)) == {"receive_dept"}
    assert set(city.open_of(town)) == {"receive_town"}


def test_a_reminder_is_blue_and_becomes_a_slip_when_it_climbs(city: Walk) -> None:
    (item,) = city.decide("emergency", due_on="2026-04-17", level="1")
    assert (item.level, item.colour) == (REMINDER, "blue")
    city.receive_slip(item)
    city.until("2026-04-20 09:00")
    item = city.anew(item)
    assert (item.level, item.colour, city.rungs(item)) == (SLIP, "yellow", [(0, REMINDER), (0, SLIP)])


def test_a_decision_goes_only_to_whom_it_can_go_and_only_the_office_hands_out(city: Walk) -> None:
    with pytest.raises(Invalid, match="items"):
        city.decide("gov")
    with pytest.raises(Invalid):
        city.decide("emergency", due_on="2026-04-08")
    with pytest.raises(Forbidden):
        city.engine.start("supervision_decisions", {}, by=city.actor("zhao"), as_form=True)


def test_feedback_goes_to_and_fro_until_the_office_is_content(city: Walk) -> None:
    (item,) = city.decide("xinyuan", due_on="2026-04-20")
    task = city.open_of(item)["receive_ent"]
    for outsider in ("zhao", "chen", "sun"):
        with pytest.raises(Forbidden):
            city.engine.complete(task.id, {"received_by": "某"}, by=city.actor(outsider))
    item = city.receive_slip(item, "xinyuan")
    assert city.open_of(item)["handle_ent"].assignee_id == city.actor("wu").id  # whoever signed for it has it
    with pytest.raises(Conflict):
        city.engine.complete(task.id, {"received_by": "吴涛"}, by=city.actor("wu"))
    item = city.feed_back(item, "xinyuan", "progress")
    assert (item.status, set(city.open_of(item))) == ("handling", {"handle_ent"})
    item = city.feed_back(item, "xinyuan")
    assert (item.status, item.answered_at) == ("reviewing", city.clock.now())
    city.until("2026-04-21 09:00")
    assert city.anew(item).level == SLIP  # what was answered in time does not climb
    with pytest.raises(Invalid, match="原期限已过"):
        city.step(item, "review", "wang", review_result="back", review_opinion="补材料")
    item = city.step(item, "review", "wang", review_result="back", review_opinion="补材料", new_due_on="2026-04-30")
    assert (item.status, item.round, item.answered_at) == ("handling", 2, None)
    assert city.open_of(item)["handle_ent"].due_at == item.due_at == at("2026-04-30 23:59:59")
    item = city.end(city.feed_back(item, "xinyuan"))
    assert (item.status, item.conclusion, city.open_of(item)) == ("ended", "同意办结", {})
    given = city.of(SupervisionFeedback, item)
    assert [(f.kind, f.round, f.result) for f in given] == [
        ("progress", 1, ""),
        ("final", 1, "back"),
        ("final", 2, "done"),
    ]


def test_a_leader_instructs_from_a_hazard_and_the_office_issues_it(city: Walk, sign_in: SignIn) -> None:
    hazard = city.register()
    lin = sign_in("lin")
    page = lin.get(f"/hazards/{hazard.id}").get_data(as_text=True)
    assert f"subject_id={hazard.id}" in page
    form = lin.get(f"/supervision/new?subject_kind=hazard&subject_id={hazard.id}&org_id={org_id('emergency')}")
    assert hazard.number in form.get_data(as_text=True)
    sent = {
        "text": "请抓紧整改",
        "subject_kind": "hazard",
        "subject_id": hazard.id,
        "subject_no": hazard.number,
        "org_id": org_id("emergency"),
        "request_key": "two-taps",
    }
    answer = lin.post("/supervision/instructions", data=sent)
    assert answer.status_code == 303
    again = lin.post("/supervision/instructions", data=sent)
    assert again.headers["Location"] == answer.headers["Location"]
    (item,) = city.items_of(hazard)
    assert (item.source, item.status, item.title, item.matter_no) == ("leader", "drafting", "请抓紧整改", hazard.number)
    assert [(i.text, i.leader_name) for i in city.of(Instruction, item)] == [("请抓紧整改", "林海峰")]
    assert sign_in("zhao").get(f"/supervision/{item.id}").status_code == 404
    item = city.issue(item)
    assert sign_in("zhao").get(f"/supervision/{item.id}").status_code == 200
    assert item.number in sign_in("wang").get(f"/supervision?matter={hazard.id}", headers=PARTIAL).get_data(
        as_text=True
    )


def test_an_instruction_inside_another_page_is_answered_with_a_line(city: Walk, sign_in: SignIn) -> None:
    part = sign_in("lin").post("/supervision/instructions", data={"text": "跟踪督办"}, headers=PARTIAL)
    assert part.status_code == 200
    assert "已交办" in part.get_data(as_text=True)
    empty = sign_in("lin").post("/supervision/instructions", data={"text": " ", "title": "燃气"}, headers=PARTIAL)
    assert empty.status_code == 422
    assert "燃气" in empty.get_data(as_text=True)


def test_only_leaders_and_the_office_instruct(city: Walk, sign_in: SignIn) -> None:
    before = len(city.items())
    for key in ("zhao", "sun", "zhou", "root"):
        assert sign_in(key).post("/supervision/instructions", data={"text": "办"}).status_code in (403, 404)
        assert sign_in(key).post("/api/v1/supervision/instructions", json={"text": "办"}).status_code in (403, 404)
    assert len(city.items()) == before
    made = sign_in("wang").post("/api/v1/supervision/instructions", json={"text": "上级交办事项", "source": "superior"})
    assert (made.status_code, made.get_json()["source"]) == (201, "superior")


def test_the_higher_rungs_are_measures_of_their_own(city: Walk) -> None:
    started = city.engine.start(
        "supervision", {"title": "拒不整改", "content": "立即整改", "asked": LEADER, "source": "superior"},
        by=city.actor("wang"), as_form=False,
    )  # fmt: skip
    item = city.issue(next(i for i in city.items() if i.instance_id == started.instance_id))
    assert set(city.open_of(item)) == {"receive_dept", "interview_notice", "circular", "leader_view"}
    with pytest.raises(Forbidden):
        city.step(item, "leader_view", "wang", instruction="同意")
    city.step(item, "leader_view", "lin", instruction="请应急局主要负责人到市政府说明")
    text = {"circular_title": "关于拒不整改的通报", "circular_recipients": "各镇街、部门", "circular_body": "予以通报"}
    item = city.step(item, "circular", "wang", **text)
    assert [(c.title, c.by_name) for c in city.of(SupervisionCircular, item)] == [("关于拒不整改的通报", "王建国")]
    assert [i.leader_name for i in city.of(Instruction, item)] == ["林海峰"]
    assert (item.level, item.colour) == (LEADER, "red")
    assert (0, INTERVIEW) in city.rungs(item)


def test_the_notice_of_an_interview_is_printed(city: Walk, sign_in: SignIn) -> None:
    started = city.engine.start(
        "supervision", {"title": "夜间施工", "content": "停止", "asked": INTERVIEW, "source": "patrol"},
        by=city.actor("wang"), as_form=False,
    )  # fmt: skip
    item = city.issue(next(i for i in city.items() if i.instance_id == started.instance_id), "xinyuan")
    path = f"/supervision/{item.id}/interviews/{city.interview(item).id}/notice"
    assert sign_in("wang").get(path).status_code == 404  # not announced yet
    told = {
        "interview_reason": "多次未改",
        "talk_place": "市安委办",
        "talk_chair": "王建国",
        "talk_persons": "主要负责人",
    }
    city.step(item, "interview_notice", "wang", talk_at="2026-04-13T09:00", **told)
    paper = sign_in("zhou").get(path).get_data(as_text=True)
    assert "安全生产约谈通知书" in paper
    assert "不得委托他人" in paper
    assert sign_in("chen").get(path).status_code == 404


def test_the_office_withdraws_with_a_reason(city: Walk, sign_in: SignIn) -> None:
    (item,) = city.decide("emergency")
    assert sign_in("zhao").post(f"/supervision/{item.id}/withdrawal", data={"reason": "不办"}).status_code == 403
    assert sign_in("he").post(f"/supervision/{item.id}/withdrawal", data={"reason": "不办"}).status_code == 404
    assert sign_in("wang").post(f"/supervision/{item.id}/withdrawal", data={"reason": " "}).status_code == 422
    assert sign_in("wang").post(f"/supervision/{item.id}/withdrawal", data={"reason": "重复"}).status_code == 303
    item = city.anew(item)
    assert (item.status, item.conclusion, city.open_of(item)) == ("withdrawn", "重复", {})
    assert sign_in("wang").post(f"/supervision/{item.id}/withdrawal", data={"reason": "重复"}).status_code == 409


def test_voiding_the_hazard_withdraws_what_its_rung_opened(city: Walk, sign_in: SignIn) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-04-29 09:00")
    sign_in("wang").post(f"/api/v1/hazards/{hazard.id}/voiding", json={"reason": "误报"})
    city.engine.deliver_all()
    assert [i.status for i in city.items_of(hazard)] == ["withdrawn"]
