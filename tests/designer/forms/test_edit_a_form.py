"""A form of a draft changed in the browser: fields, conditions, order, copies, JSON; nothing of somebody else's is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.audit import Actor
from app.clock import FixedClock
from app.config import ROOT
from app.db import write_transaction
from app.designer.drafts import Draft, operations, package_of
from app.designer.forms import building, editing, settings
from app.engine import load_folder
from app.forms import check

SignIn = Callable[[str], FlaskClient]
EXAMPLE = load_folder(ROOT / "tests" / "bpmn" / "examples" / "two_step_approval")
ALL_KINDS = (ROOT / "tests" / "forms" / "all_kinds.json").read_bytes()
FORM = {
    "title": {"zh": "初审", "en": "Review"},
    "fields": [
        {"name": "review", "kind": "radio", "required": True, "label": {"zh": "意见", "en": "Opinion"},
         "options": [{"value": "agree", "label": {"zh": "同意", "en": "Agree"}},
                     {"value": "refuse", "label": {"zh": "不同意", "en": "Refuse"}}]},
        {"name": "remark", "kind": "textarea", "label": {"zh": "说明", "en": "Remark"}, "max_length": 300},
    ],
}  # fmt: skip


@pytest.fixture
def draft(app: Flask, clock: FixedClock, actor: Callable[[str], Actor]) -> Draft:
    files = {**EXAMPLE.files, "forms/review.json": editing.write(FORM), "forms/all_kinds.json": ALL_KINDS}
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        return operations.create(session, EXAMPLE.key, "采购申请", files, by=actor("root"), at=clock.now())


def form_of(app: Flask, draft: Draft, name: str = "review") -> dict[str, Any]:
    with app.extensions["duban.sessions"]() as session:
        content = package_of(session, session.get(Draft, draft.id)).files[f"forms/{name}.json"]
    found: dict[str, Any] = json.loads(content)
    return found


def sent(spec: Mapping[str, Any], earlier: list[dict[str, Any]], **more: str) -> dict[str, str]:
    """The settings of a field as a browser sends them, rows spelt out."""
    found: dict[str, str] = {}
    for name, value in settings.values_of(spec, earlier).items():
        if isinstance(value, list):
            found[name] = ""
            found |= {f"{name}-{n}-{key}": str(one) for n, row in enumerate(value) for key, one in row.items()}
        else:
            found[name] = ("true" if value else "") if isinstance(value, bool) else str(value)
    return found | more


def where(draft: Draft, rest: str = "review") -> str:
    return f"/designer/drafts/{draft.id}/forms/{rest}"


def test_the_list_names_every_field_and_shows_the_form_as_it_will_look(sign_in: SignIn, draft: Draft) -> None:
    page = sign_in("root").get(where(draft)).text
    assert "2 个字段" in page
    assert 'name="review"' in page
    assert 'id="preview"' in page


def test_a_changed_field_is_saved_with_its_condition(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    root, earlier = sign_in("root"), FORM["fields"][:1]
    data = sent(
        FORM["fields"][1],  # type: ignore[arg-type]
        earlier,  # type: ignore[arg-type]
        rev="1",
        S_label_zh="不同意的理由",
        S_visible_if_mode="all",
        S_visible_if_rows="",
        **{
            "S_visible_if_rows-0-field": "review",
            "S_visible_if_rows-0-op": "==",
            "S_visible_if_rows-0-v_review": "refuse",
        },
    )
    assert root.post(where(draft, "review/fields/1"), data=data).status_code == 303
    assert form_of(app, draft)["fields"][1] == {
        "name": "remark",
        "kind": "textarea",
        "label": {"zh": "不同意的理由", "en": "Remark"},
        "max_length": 300,
        "visible_if": {"field": "review", "op": "==", "value": "refuse"},
    }
    assert "显示：“意见”等于“不同意”" in root.get(where(draft)).text


def test_what_the_check_refuses_is_named_at_its_field_and_keeps_what_was_typed(
    app: Flask, sign_in: SignIn, draft: Draft
) -> None:
    data = sent(FORM["fields"][1], [], rev="1", S_name="Big Name", S_label_zh="新说明")  # type: ignore[arg-type]
    refused = sign_in("root").post(where(draft, "review/fields/1"), data=data)
    assert refused.status_code == 422
    assert "f-S_name-err" in refused.text
    assert "Big Name" in refused.text
    assert "新说明" in refused.text
    assert form_of(app, draft) == FORM


def test_who_saves_over_somebody_elses_change_is_told(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    root = sign_in("root")
    assert root.post(where(draft), data={"rev": "1", "_do": "add", "kind": "photos"}).status_code == 303
    data = sent(FORM["fields"][1], [], rev="1", S_label_zh="我的说明")  # type: ignore[arg-type]
    told = root.post(where(draft, "review/fields/1"), data=data)
    assert told.status_code == 409
    assert "我的说明" in told.text
    assert [one["kind"] for one in form_of(app, draft)["fields"]] == ["radio", "textarea", "photos"]


def test_fields_are_added_moved_copied_and_removed(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    root = sign_in("root")
    for rev, data in enumerate(
        (
            {"_do": "add", "kind": "group", "after": ""},
            {"_do": "add", "kind": "date", "after": "2."},
            {"_do": "up:2"},
            {"_do": "to:1", "index": "0"},
            {"_do": "delete:2"},
            {"_do": "copy", "field": "/all_kinds#width"},
        ),
        1,
    ):
        assert root.post(where(draft), data={"rev": str(rev), **data}).status_code == 303, data
    fields = form_of(app, draft)["fields"]
    assert [one.get("name") for one in fields] == ["group", "review", "width"]
    assert [one["kind"] for one in fields[0]["fields"]] == ["text", "date"]


def test_a_step_shows_other_settings_without_saving(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    data = sent(FORM["fields"][1], [], rev="1", S_kind="select")  # type: ignore[arg-type]
    shown = sign_in("root").post(where(draft, "review/fields/1?_step=refresh"), data=data)
    assert shown.status_code == 200
    assert "S_options" in shown.text
    assert form_of(app, draft) == FORM


def test_json_is_refused_with_the_line_of_each_mistake(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    root = sign_in("root")
    text = editing.write(FORM).decode().replace('"kind": "textarea"', '"kind": "essay"')
    line = text[: text.index("essay")].count("\n") + 1
    refused = root.post(where(draft, "review/json"), data={"rev": "1", "content": text})
    assert refused.status_code == 422
    assert f"第 {line} 行" in refused.text
    assert "essay" in refused.text
    good = text.replace("essay", "text").replace("300", "200")
    assert root.post(where(draft, "review/json"), data={"rev": "1", "content": good}).status_code == 303
    assert form_of(app, draft)["fields"][1]["kind"] == "text"


def test_forms_are_made_anew_and_from_others(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    root = sign_in("root")
    assert root.post(where(draft, "").rstrip("/"), data={"rev": "1", "name": "Bad"}).status_code == 422
    made = root.post(
        where(draft, "").rstrip("/"), data={"rev": "1", "name": "again", "from": "/review", "zh": "复审", "en": "Again"}
    )
    assert made.status_code == 303
    assert form_of(app, draft, "again") == {**FORM, "title": {"zh": "复审", "en": "Again"}}


def test_nobody_else_finds_the_editor(sign_in: SignIn, draft: Draft) -> None:
    for who in ("wang", "shen"):
        assert sign_in(who).get(where(draft)).status_code == 404
        assert sign_in(who).post(where(draft), data={"rev": "1", "_do": "delete:0"}).status_code == 404


# -- settings and conditions there and back


def shipped_fields() -> list[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    found = []
    for path in [*(ROOT / "bpmn").glob("*/forms/*.json"), ROOT / "tests" / "forms" / "all_kinds.json"]:
        form = json.loads(path.read_text())
        for n, spec in enumerate(form["fields"]):
            found.append((f"{path.parent.parent.name}/{path.stem}/{n}", spec, editing.earlier(form, str(n))))
            for m, inner in enumerate(spec.get("fields", [])):
                found.append((f"{path.stem}/{n}.{m}", inner, editing.earlier(form, f"{n}.{m}")))
    return found


def test_every_field_of_every_shipped_form_survives_its_settings() -> None:
    fields = shipped_fields()
    assert len(fields) > 200
    for name, spec, earlier in fields:
        again, wrong = settings.spec_of(settings.values_of(spec, earlier), spec, earlier)
        assert wrong == {}, name
        assert again == spec, name


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "grade", "op": "==", "value": 2},
        {"field": "grade", "op": "in", "value": [1, 2]},
        {"all": [{"field": "done", "op": "==", "value": True}, {"field": "n", "op": ">=", "value": 3}]},
        {"any": [{"field": "mode", "op": "in", "value": ["a", "b"]}, {"field": "text", "op": "empty"}]},
        {"not": {"field": "n", "op": "==", "value": 1}},
        {"all": [{"any": [{"field": "n", "op": "<", "value": 1.5}]}]},
    ],
)
def test_a_condition_becomes_rows_and_the_same_condition_again(condition: Any) -> None:
    earlier = [
        {"name": "grade", "kind": "select", "options": [{"value": 1, "label": "a"}, {"value": 2, "label": "b"}]},
        {"name": "done", "kind": "checkbox"},
        {"name": "n", "kind": "number"},
        {"name": "text", "kind": "text"},
    ]
    values = building.values_of("c", condition, earlier, otherwise=building.ALWAYS)
    assert building.condition_of("c", values, earlier) == condition


def test_lines_are_found_for_every_path_of_the_check() -> None:
    text = editing.write(json.loads(ALL_KINDS)).decode().replace('"kind": "radio"', '"kind": "rodeo"', 1)
    ((path, _zh, _en),) = check("x", text.encode())
    assert editing.line_of(editing.lines(text), path) == text[: text.index("rodeo")].count("\n") + 1


@pytest.mark.parametrize("typed", ['{"field": []}', '{"all": 5}', "[" * 100_000, "5", "{"])
def test_a_condition_that_is_none_is_refused_at_its_field(sign_in: SignIn, draft: Draft, typed: str) -> None:
    path = f"/designer/drafts/{draft.id}/forms/review/fields/1"
    prefix = f"{settings.P}visible_if"
    sent = {"rev": "1", f"{settings.P}kind": "textarea", f"{settings.P}name": "remark", f"{settings.P}label_zh": "说明",
            f"{settings.P}label_en": "Remark", f"{prefix}_mode": "expert", f"{prefix}_json": typed}  # fmt: skip
    assert sign_in("root").post(path, data=sent).status_code == 422
