"""A draft may hold anything while it is written, or imported from elsewhere: every page of it says so and stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.designer.drafts.conftest import EXAMPLE, NewDraft

SignIn = Callable[[str], FlaskClient]
FORM, TABLE = "forms/decide.json", "decisions/t.dmn"
DMN = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d"><decision id="t">%s</decision></definitions>'
BROKEN = {
    "a title that is no table": ("process.toml", 'title = "x"'),
    "no JSON": (FORM, "{"),
    "nested without end": (FORM, "[" * 100_000),
    "names that are lists": (FORM, '{"fields": [{"name": []}, {"name": "a", "kind": []}]}'),
    "options that are a number": (FORM, '{"title": [], "fields": [{"name": "a", "kind": "select", "options": 5}]}'),
    "a condition on a list": (FORM, '{"fields": [{"name": "a", "kind": "text", "visible_if": {"field": []}}]}'),
    "groups in groups": (FORM, '{"fields": [{"name": "a", "kind": "group", "fields": [{"kind": "group", "fields": 5}]}]}'),
    "labels that are numbers": (FORM, '{"title": 5, "fields": [{"name": "a", "kind": "text", "label": {"zh": 1}}]}'),
    "no table": (TABLE, "<a/>"),
    "a decision without a table": (TABLE, DMN % ""),
    "a table with remarks": (TABLE, DMN % "<decisionTable><input/><!-- a --><output/><rule><!-- b --></rule></decisionTable>"),
}  # fmt: skip
PAGES = ("/check", "/catalogue", "/forms", "/forms/decide?field=0", "/decisions", "/decisions/t", "/impact",
         "/rehearsals", "/publication")  # fmt: skip
SENT = {
    "/forms/decide": {"_do": "add", "kind": "text", "rev": "1"},
    "/forms/decide/fields/0": {"rev": "1"},
    "/decisions/t": {"rev": "1", "ins": "1", "outs": "1", "rows": "1", "name": "\x01t", "_do": "save"},
}


@pytest.mark.parametrize(("file", "content"), BROKEN.values(), ids=BROKEN)
def test_every_page_of_a_broken_draft_answers(sign_in: SignIn, new_draft: NewDraft, file: str, content: str) -> None:
    base, client = f"/designer/drafts/{new_draft(files={**EXAMPLE.files, file: content.encode()}).id}", sign_in("root")
    answered = {page: client.get(base + page).status_code for page in PAGES}
    answered |= {f"POST {page}": client.post(base + page, data=data).status_code for page, data in SENT.items()}
    assert {page: status for page, status in answered.items() if status not in (200, 303, 404, 409, 422)} == {}


def test_half_a_character_is_refused_where_it_comes_in(sign_in: SignIn, new_draft: NewDraft) -> None:
    path = f"/designer/drafts/{new_draft().id}/files"
    half = sign_in("root").put(path, json={"rev": 1, "files": {FORM: r'{"title": "\ud83d"}'}})
    assert half.status_code == 422
    assert sign_in("root").put(path, json={"rev": 1, "files": {FORM: r'{"title": "\ud83d\ude00"}'}}).status_code == 200
