"""One schema validates what HTML and JSON send; messages name each field, in both languages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor
from app.errors import Invalid
from app.forms import FormFiles
from app.i18n import CHINESE, ENGLISH, set_locale
from tests.cast import START, member, org_id
from tests.forms.conftest import DATA, FORM, errors_of

Validate = Callable[..., dict[str, Any]]


def run(session: Session, answers: Any, actor: Actor, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"data": DATA, "actor": actor, "instance_id": None, "now": START} | more
    return FormFiles().validate(session, FORM, answers, **values)


def test_good_answers_become_plain_values(
    session: Session, good: dict[str, Any], actor: Callable[[str], Actor]
) -> None:
    found = run(session, good, actor("zhao"))
    assert found["inspected_at"] == "2026-04-09T10:30+08:00"
    assert found["certificate"] == "370614025"
    assert found["grade"] == 2
    assert found["width"] == 1.62
    assert found["cost"] == 12_000
    assert found["next_on"] == "2026-04-20"
    assert found["items"] == [{"demand_text": "拆除链锁", "verdict": "pass"}]
    assert found["place"] == {"street": "振兴路", "house": "18"}
    assert found["sure"] is True
    assert "video_reason" not in found


def test_validated_answers_validate_again_unchanged(
    session: Session, good: dict[str, Any], actor: Callable[[str], Actor]
) -> None:
    once = run(session, good, actor("zhao"))
    assert run(session, once, actor("zhao")) == once


def test_an_empty_form_names_every_required_field(session: Session, actor: Callable[[str], Actor]) -> None:
    with pytest.raises(Invalid) as refused:
        run(session, {}, actor("zhao"))
    assert refused.value.errors == {
        "method": ["请选择"],
        "inspected_at": ["请填写"],
        "grade": ["请选择"],
        "items": ["至少填写 1 项"],
        "opinion": ["请填写"],
        "photos": ["请上传照片"],
    }


def test_messages_speak_english_too(session: Session, actor: Callable[[str], Actor]) -> None:
    set_locale(ENGLISH)
    try:
        with pytest.raises(Invalid) as refused:
            run(session, {"cost": "1.5", "nonsense": 1}, actor("zhao"))
    finally:
        set_locale(CHINESE)
    texts = [str(text) for messages in refused.value.errors.values() for text in messages]
    assert texts
    assert all(text.isascii() for text in texts), texts


def test_an_unknown_field_is_refused_and_named(validate: Validate) -> None:
    result = validate([{"name": "a", "kind": "text"}], {"a": "x", "b": 1})
    assert errors_of(result) == {"b": ["没有这一项"]}


def test_a_note_takes_no_answer(validate: Validate) -> None:
    note = {"name": "n", "kind": "note", "text": {"zh": "注意", "en": "Note"}}
    assert errors_of(validate([note], {"n": "x"})) == {"n": ["没有这一项"]}


def test_a_hidden_field_is_not_required_and_what_it_holds_is_dropped(validate: Validate) -> None:
    fields = [
        {"name": "kind_of", "kind": "radio", "options": [{"value": v, "label": {"zh": v, "en": v}} for v in "xy"]},
        {"name": "why", "kind": "text", "required": True, "visible_if": {"field": "kind_of", "op": "==", "value": "y"}},
        {"name": "more", "kind": "text", "required": True, "visible_if": {"field": "why", "op": "filled"}},
    ]
    assert validate(fields, {"kind_of": "x", "why": "old", "more": "old"}) == {"kind_of": "x"}
    assert errors_of(validate(fields, {"kind_of": "y"})) == {"why": ["请填写"]}
    assert errors_of(validate(fields, {"kind_of": "y", "why": "w"})) == {"more": ["请填写"]}


def test_visibility_reads_the_data_of_the_process_but_answers_come_first(validate: Validate) -> None:
    fields = [
        {"name": "grade", "kind": "number"},
        {"name": "a", "kind": "text", "visible_if": {"field": "grade", "op": ">=", "value": 3}},
        {
            "name": "b",
            "kind": "text",
            "visible_if": {
                "all": [
                    {"field": "origin.kind", "op": "in", "value": ["tip"]},
                    {"not": {"field": "done", "op": "==", "value": True}},
                ]
            },
        },
    ]
    shown = validate(fields, {"grade": "3"}, grade=1, origin={"kind": "tip"}, done=False)
    assert set(shown) == {"grade", "a", "b"}
    assert set(validate(fields, {"grade": "1"}, grade=3)) == {"grade"}


def test_a_visible_field_left_empty_still_has_a_value(validate: Validate) -> None:
    fields = [{"name": n, "kind": k} for n, k in (("a", "text"), ("b", "number"), ("c", "checkbox"), ("d", "files"))]
    assert validate(fields, {}) == {"a": "", "b": None, "c": False, "d": []}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("12,000", 12000),
        ("１２，０００", 12000),
        (" ¥ 12000 元 ", 12000),
        (12000, 12000),
        ("0", 0),
        ("1,234,567", 1234567),
    ],
)
def test_money_is_whole_yuan_however_it_is_typed(validate: Validate, sent: Any, kept: int) -> None:
    assert validate([{"name": "a", "kind": "money"}], {"a": sent}) == {"a": kept}


@pytest.mark.parametrize("sent", ["12.5", 12.5, "1,23", "12万", "一千", True, "1e3", "-5", [1], {"x": 1}, "9" * 30])
def test_money_with_fractions_or_words_is_refused(validate: Validate, sent: Any) -> None:
    assert set(errors_of(validate([{"name": "a", "kind": "money"}], {"a": sent}))) == {"a"}


@pytest.mark.parametrize(("sent", "kept"), [("１.50", 1.5), ("3", 3), (0.1, 0.1), (" 1,234.5 ", 1234.5), (-2, -2)])
def test_numbers(validate: Validate, sent: Any, kept: float) -> None:
    found = validate([{"name": "a", "kind": "number"}], {"a": sent})["a"]
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    "sent", ["nan", "inf", float("nan"), float("inf"), "1.2.3", "1_0", True, "三", "1e999", 10**400]
)
def test_what_is_no_number_is_refused(validate: Validate, sent: Any) -> None:
    assert set(errors_of(validate([{"name": "a", "kind": "number"}], {"a": sent}))) == {"a"}


def test_number_bounds_and_places(validate: Validate) -> None:
    field = {"name": "a", "kind": "number", "min": 1, "max": {"from": "most"}, "decimals": 0}
    assert validate([field], {"a": "7"}, most=7) == {"a": 7}
    assert errors_of(validate([field], {"a": "8"}, most=7)) == {"a": ["不得大于 7"]}
    assert errors_of(validate([field], {"a": "0"})) == {"a": ["不得小于 1"]}
    assert errors_of(validate([field], {"a": "1.5"})) == {"a": ["应为整数"]}


@pytest.mark.parametrize("sent", ["2026-04-20", "２０２６－０４－２０", "2026年4月20日", "2026/4/20", "2026.4.20"])
def test_dates_in_office_writing_are_kept_as_iso_text(validate: Validate, sent: str) -> None:
    assert validate([{"name": "a", "kind": "date"}], {"a": sent}) == {"a": "2026-04-20"}


@pytest.mark.parametrize("sent", ["2026-02-30", "tomorrow", 20260420, "26-4-20", [], {"a": 1}])
def test_what_is_no_date_is_refused(validate: Validate, sent: Any) -> None:
    result = validate([{"name": "a", "kind": "date", "required": True}], {"a": sent})
    assert set(errors_of(result)) == {"a"}


def test_today_is_the_office_clocks_day(validate: Validate) -> None:
    field = {"name": "a", "kind": "date", "min": "today", "max": {"from": "end"}}
    assert errors_of(validate([field], {"a": "2026-04-08"})) == {"a": ["不得早于 2026-04-09"]}
    assert validate([field], {"a": "2026-04-09"}, end="2026-04-30") == {"a": "2026-04-09"}
    assert validate([field], {"a": "2026-05-01"}, end="2026-04-30T16:30+00:00") == {"a": "2026-05-01"}
    assert errors_of(validate([field], {"a": "2026-05-01"}, end="2026-04-30T15:30+00:00")) == {
        "a": ["不得晚于 2026-04-30"]
    }
    assert validate([field], {"a": "2026-05-01"}, end="unknown") == {"a": "2026-05-01"}


def test_an_instant_without_offset_is_on_the_office_clock(validate: Validate) -> None:
    field = {"name": "a", "kind": "datetime", "max": "now"}
    assert validate([field], {"a": "2026-04-09T10:30"}) == {"a": "2026-04-09T10:30+08:00"}
    assert validate([field], {"a": "2026-04-09T02:30:00Z"}) == {"a": "2026-04-09T10:30+08:00"}
    assert validate([field], {"a": "2026年4月9日 １０：３０"}) == {"a": "2026-04-09T10:30+08:00"}
    assert validate([field], {"a": "2026-04-09T14:20:59.9"}) == {
        "a": "2026-04-09T14:20+08:00"
    }  # the minute is not over
    assert errors_of(validate([field], {"a": "2026-04-09T14:21"})) == {"a": ["不得晚于 2026-04-09 14:20"]}


def test_text_is_tidied_and_bounded(validate: Validate) -> None:
    fields = [{"name": "a", "kind": "text", "max_length": 5}, {"name": "b", "kind": "textarea", "min_length": 2}]
    assert validate(fields, {"a": "　甲\n乙 ", "b": "一\r\n二\x00"}) == {"a": "甲 乙", "b": "一\n二"}
    assert errors_of(validate(fields, {"a": "甲" * 6, "b": "一"})) == {
        "a": ["最多 5 个字，现为 6 个字"],
        "b": ["不少于 2 个字"],
    }
    assert errors_of(validate(fields, {"a": 5, "b": ["x"]})) == {"a": ["应为文字"], "b": ["应为文字"]}


def test_a_pattern_says_what_is_expected_and_ends_soon(validate: Validate) -> None:
    field = {"name": "a", "kind": "text", "pattern": "[a-z]*[a-z]*[a-z]*!", "help": {"zh": "小写字母", "en": "letters"}}
    began = time.monotonic()
    assert errors_of(validate([field], {"a": "a" * 200})) == {"a": ["格式不符 小写字母"]}
    assert time.monotonic() - began < 2


def test_an_option_has_its_own_type(validate: Validate) -> None:
    options = [{"value": v, "label": {"zh": "选", "en": "Option"}} for v in (True, False, 3)]
    field = {"name": "a", "kind": "radio", "options": options}
    assert validate([field], {"a": "false"}) == {"a": False}
    assert validate([field], {"a": 3}) == {"a": 3}
    assert errors_of(validate([field], {"a": "4"})) == {"a": ["不在可选范围内"]}
    assert errors_of(validate([field], {"a": {"x": 1}})) == {"a": ["不在可选范围内"]}


def test_options_from_data(validate: Validate) -> None:
    field = {"name": "a", "kind": "select", "source": "items"}
    assert validate([field], {"a": "2"}, items=[{"id": 2, "name": "二"}]) == {"a": 2}
    assert set(errors_of(validate([field], {"a": "2"}))) == {"a"}


def test_a_checklist_counts(validate: Validate) -> None:
    options = [{"value": v, "label": {"zh": v, "en": v}} for v in "xyz"]
    field = {"name": "a", "kind": "checklist", "options": options, "min_items": 1, "max_items": 2}
    assert validate([field], {"a": ["x", "x", ""]}) == {"a": ["x"]}
    assert errors_of(validate([field], {"a": ["x", "y", "z"]})) == {"a": ["最多 2 项"]}
    assert errors_of(validate([field], {"a": []})) == {"a": ["请选择"]}
    assert errors_of(validate([field], {"a": "x"})) == {"a": ["应为列表"]}


def test_a_required_box_must_be_ticked(validate: Validate) -> None:
    field = {"name": "a", "kind": "checkbox", "required": True}
    assert validate([field], {"a": True}) == {"a": True}
    for sent in ({}, {"a": False}, {"a": "false"}, {"a": ""}):
        assert errors_of(validate([field], sent)) == {"a": ["请勾选"]}
    assert errors_of(validate([field], {"a": "perhaps"})) == {"a": ["应为是或否"]}


def test_only_people_in_sight_who_hold_the_role_are_taken(validate: Validate) -> None:
    field = {"name": "a", "kind": "user", "role": "enterprise_admin"}
    assert validate([field], {"a": member("zhou").id}) == {"a": member("zhou").id}
    for wrong in (member("deng").id, "nobody", 7):
        assert set(errors_of(validate([field], {"a": wrong}))) == {"a"}
    # 龙湾镇 knows the enterprises of its own area only
    assert set(errors_of(validate([field], {"a": member("zhou").id}, by="he"))) == {"a"}


def test_people_of_the_organisation_that_the_data_names(validate: Validate) -> None:
    field = {"name": "a", "kind": "user", "org": {"from": "org_id"}}
    assert validate([field], {"a": member("zhou").id}, org_id=org_id("xinyuan")) == {"a": member("zhou").id}
    assert set(errors_of(validate([field], {"a": member("chen").id}, org_id=org_id("xinyuan")))) == {"a"}


def test_only_organisations_in_sight_are_taken(validate: Validate) -> None:
    field = {"name": "a", "kind": "organisation", "org_kind": "enterprise"}
    assert validate([field], {"a": org_id("xinyuan")}) == {"a": org_id("xinyuan")}
    assert set(errors_of(validate([field], {"a": org_id("housing")}))) == {"a"}
    assert set(errors_of(validate([field], {"a": org_id("xinyuan")}, by="chen"))) == {"a"}


def test_only_records_that_their_slice_lets_the_person_see_are_taken(validate: Validate) -> None:
    assert validate([{"name": "a", "kind": "subject"}], {"a": "s1"}) == {"a": "s1"}
    assert set(errors_of(validate([{"name": "a", "kind": "subject"}], {"a": "s2"}))) == {"a"}
    assert set(errors_of(validate([{"name": "a", "kind": "subject", "picker": "vessel"}], {"a": "s1"}))) == {"a"}


def test_a_row_is_checked_by_itself_and_its_errors_carry_its_place(validate: Validate) -> None:
    group = next(f for f in FORM["fields"] if f.get("name") == "items")
    rows = [
        {"demand_text": "甲", "verdict": "pass", "wrong": "dropped"},
        {"demand_text": "", "verdict": None, "wrong": ""},
        {"demand_text": "乙", "verdict": "fail"},
        {"demand_text": "丙", "verdict": "pass", "else": 1},
    ]
    assert errors_of(validate([group], {"items": rows})) == {
        "items-2-wrong": ["请填写"],
        "items-3-else": ["没有这一项"],
    }
    assert validate([group], {"items": rows[:2]}) == {"items": [{"demand_text": "甲", "verdict": "pass"}]}
    assert errors_of(validate([group], {"items": rows[:1] * 6})) == {"items": ["最多 5 项"]}
    for wrong in ({"x": 1}, "x", ["x"], [[1]]):
        assert any(key.startswith("items") for key in errors_of(validate([group], {"items": wrong})))


def test_what_is_fixed_stays_whatever_is_sent(validate: Validate) -> None:
    verdict = {"name": "verdict", "kind": "text", "required": True}
    demand = {"name": "demand", "kind": "text", "fixed": True}
    group = {
        "name": "items",
        "kind": "group",
        "repeat": True,
        "fixed": True,
        "default": {"from": "demands"},
        "fields": [field | {"label": {"zh": "项", "en": "Item"}} for field in (demand, verdict)],
    }
    title = {"name": "title", "kind": "text", "fixed": True, "default": {"from": "heading"}}
    data: dict[str, Any] = {"demands": [{"demand": "拆除链锁", "id": 7}, {"demand": "清空通道"}], "heading": "指令"}
    sent = {
        "title": "别的",
        "items": [{"verdict": "合格", "demand": "放着"}, {"verdict": "不合格"}, {"verdict": "多一行"}],
    }
    assert validate([title, group], sent, **data) == {
        "title": "指令",
        "items": [{"demand": "拆除链锁", "verdict": "合格"}, {"demand": "清空通道", "verdict": "不合格"}],
    }
    missing = validate([title, group], {"items": [{"verdict": "合格"}]}, **data)
    assert errors_of(missing) == {"items-1-verdict": ["请填写"]}
    swapped = [{"demand": "清空通道", "verdict": "不合格"}, {"demand": "拆除链锁", "verdict": "合格"}]
    assert validate([title, group], {"items": swapped}, **data)["items"] == swapped[::-1]
    twice = [{"demand": "清空通道", "verdict": "不合格"}] * 2
    assert errors_of(validate([title, group], {"items": twice}, **data)) == {"items-0-verdict": ["请填写"]}


def test_a_set_of_fields_without_rows_is_one_object(validate: Validate) -> None:
    group = next(f for f in FORM["fields"] if f.get("name") == "place")
    assert validate([group], {}) == {"place": {"street": "", "house": ""}}
    assert errors_of(validate([group], {"place": {"street": "振兴路"}})) == {"place-house": ["请填写"]}


def test_answers_are_bounded_as_a_whole(validate: Validate) -> None:
    long = {"name": "t", "kind": "textarea", "max_length": 20_000}
    group = {
        "name": "g",
        "kind": "group",
        "repeat": True,
        "max_items": 50,
        "fields": [long | {"label": {"zh": "文", "en": "Text"}}],
    }
    assert errors_of(validate([group], {"g": [{"t": "长" * 20_000}] * 20})) == {"_": ["填写内容过多"]}
    assert errors_of(validate([long], [1, 2])) == {"_": ["应为各项及其填写内容"]}


def test_without_people_and_records_only_the_form_is_checked(session: Session) -> None:
    rehearsing = FormFiles().unattended()
    answers = {"owner": "anybody", "photos": ["p1"], "method": "papers", "inspected_at": "2026-04-09T10:30", "grade": 1}
    answers |= {"items": [{"demand_text": "甲", "verdict": "pass"}], "opinion": "好"}
    found = rehearsing.validate(session, FORM, answers, data={}, actor=SYSTEM, instance_id=None, now=START)
    assert found["owner"] == "anybody"
    rehearsing.keep(session, FORM, found, instance_id="x", actor=SYSTEM, now=START)
    with pytest.raises(Invalid):
        rehearsing.validate(session, FORM, answers | {"grade": 9}, data={}, actor=SYSTEM, instance_id=None, now=START)
