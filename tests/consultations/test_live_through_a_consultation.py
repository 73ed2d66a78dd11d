"""From the topic to the fee, over two enterprises, by the processes themselves."""

from __future__ import annotations

from app.consultations import Consultation, Diagnosis, Expert
from app.hazards import Hazard
from tests.consultations.walk import OPINION, Walk, decided, expert_id


def test_a_consultation_lives_from_its_topic_to_its_fee(city: Walk) -> None:
    c = city.start("xinyuan", "hongda", kind="annual")
    assert c.number == "HZ-2026-0001" and c.status == "planned"
    city.choose(c, "qin", "shi")
    first, second = city.visits(c)
    assert [one.number for one in (first, second)] == ["HZ-2026-0001-1", "HZ-2026-0001-2"]
    assert city.again(c).status == "visiting"
    assert len(city.engagements(first)) == 2
    for visit, head in ((first, "zhou"), (second, "chen")):
        city.announce(visit)
        city.acknowledge(visit, by=head)
    city.until("2026-04-15 11:00")
    for visit in (first, second):
        city.diagnose(visit)
        assert city.again(visit).score_before == 53.5
        city.hand_in(city.engagement(visit, "qin"), OPINION, OPINION | {"summary": "积尘未清扫"})
        task = city.task(city.engagement(visit, "shi").instance_id, "hand_in_link")
        paper = city.hazards.photo("zhao")
        given = {"opinions": [], "none_found": True, "declared": True, "paper": [paper]}
        city.engine.complete(task.id, given, by=city.actor("zhao"))
        city.deliver()
        one, two = city.opinions(visit)
        assert [one.number, two.number] == [f"{visit.number}-01", f"{visit.number}-02"]
        city.convert(visit, decided(one), decided(two, "merge", merged_into=one.number))
        hazard = city.one(Hazard, Hazard.external_no == one.number)
        assert (hazard.consultation_id, hazard.source, hazard.found_by) == (c.id, "consultation", "秦川")
        city.follow_up(visit, "2026-04-15T11:00")
        assert city.again(visit).score_after == 80.5
    assert city.again(c).status == "reporting"
    city.do(c.instance_id, "report", "zhao", summary="对 2 家企业会诊", common_problems="泄爆装置缺失")
    fees = [{"expert_id": expert_id(key), "fee": fee, "rating": 5} for key, fee in (("qin", 1601), ("shi", 1602))]
    city.do(c.instance_id, "evaluate", "zhao", evaluations=fees)
    city.do(c.instance_id, "approve_fee", "wang", fee_decision="agree")
    done = city.again(c)
    assert (done.status, done.fee_yuan, done.fee_approved_by_name) == ("done", 3203, "王建国")
    assert [one.fee_yuan for visit in (first, second) for one in [city.engagement(visit, "qin")]] == [801, 800]
    assert city.one(Expert, Expert.id == expert_id("qin")).rating == 5.0
    assert len(city.all(Diagnosis, Diagnosis.visit_id == first.id)) == 12
    assert city.all(Consultation, Consultation.status != "done") == []
