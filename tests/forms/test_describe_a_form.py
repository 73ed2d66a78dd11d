"""What outside programs are told about a form, and which files its answers hold."""

from __future__ import annotations

import json
from typing import Any

from app.forms import describe
from app.forms.port import file_ids
from app.i18n import CHINESE, ENGLISH, set_locale
from tests.forms.conftest import DATA, FORM


def test_labels_come_in_the_present_language_and_in_both() -> None:
    set_locale(ENGLISH)
    try:
        told = describe(FORM, DATA)
    finally:
        set_locale(CHINESE)
    method = next(field for field in told["fields"] if field.get("name") == "method")
    assert (told["title"], method["label"]) == ("Re-inspection", "Method")
    assert method["label_texts"] == {"zh": "复查方式", "en": "Method"}
    assert [option["value"] for option in method["options"]] == ["on_site", "video", "papers"]
    json.dumps(told)


def test_options_from_data_and_fields_of_groups_are_told() -> None:
    fields = {field.get("name"): field for field in describe(FORM, DATA)["fields"]}
    assert [option["label"] for option in fields["demand"]["options"]] == ["拆除链锁", "清空通道"]
    assert [inner["name"] for inner in fields["items"]["fields"]] == ["demand_text", "verdict", "wrong"]
    assert fields["items"]["fields"][2]["visible_if"]["field"] == "verdict"


def test_all_files_of_the_answers_are_found_also_those_in_rows() -> None:
    specs: list[dict[str, Any]] = [
        {"name": "a", "kind": "photos"},
        {"name": "g", "kind": "group", "repeat": True, "fields": [{"name": "b", "kind": "files"}]},
        {"name": "h", "kind": "group", "fields": [{"name": "c", "kind": "photos"}]},
    ]
    answers = {"a": ["1"], "g": [{"b": ["2"]}, {"b": []}], "h": {"c": ["3"]}}
    assert list(file_ids(specs, answers)) == ["1", "2", "3"]
