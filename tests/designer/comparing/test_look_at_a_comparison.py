"""The page: who may look, what it shows, that it needs no script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.audit import SYSTEM
from app.config import ROOT
from app.engine import Package, load_folder

SignIn = Callable[..., FlaskClient]
KEY = "hazard_rectification"


@pytest.fixture(scope="module")
def two_versions(app: Flask) -> None:
    package = load_folder(ROOT / "bpmn" / KEY)
    changed = package.diagram.replace(b'value="office_3d"', b'value="work_days(9)"', 1)
    table = package.files["decisions/grading.dmn"].replace(b"<text>60<", b"<text>90<", 1)
    form = package.files["forms/review.json"].replace(b'"zh": "', '"zh": "新'.encode())
    files = {**package.files, "process.bpmn": changed, "decisions/grading.dmn": table, "forms/review.json": form}
    app.extensions["duban.engine"].deploy(Package(KEY, files), by=SYSTEM, publish=False)


@pytest.mark.usefixtures("two_versions")
def test_two_versions_are_compared_in_words_and_beside_each_other(sign_in: SignIn) -> None:
    page = sign_in("root").get(f"/designer/processes/{KEY}/comparison?from=1&to=2").text
    assert "办理时限 由 内部办理 3 个工作日 改为 9 个工作日" in page
    assert "data-along" in page
    assert "&#34;close&#34;: &#34;changed&#34;" in page or "&quot;close&quot;: &quot;changed&quot;" in page
    assert "判定表并排" in page
    assert "表单并排" in page
    said = sign_in("root").get(
        f"/designer/processes/{KEY}/comparison?from=1&to=2", headers={"Accept": "application/json"}
    )
    assert said.json is not None
    (limit,) = [one for one in said.json["differences"] if one["element"] == "close"]
    assert (limit["aspect"], limit["old"], limit["new"]) == ("property.deadline", "office_3d", "work_days(9)")


@pytest.mark.usefixtures("two_versions")
def test_the_same_version_twice_has_nothing_to_show(sign_in: SignIn) -> None:
    assert "两边完全相同" in sign_in("root").get(f"/designer/processes/{KEY}/comparison?from=2&to=2").text


@pytest.mark.usefixtures("two_versions")
def test_who_approves_publications_may_look_and_others_find_nothing(sign_in: SignIn) -> None:
    where = f"/designer/processes/{KEY}/comparison?from=1&to=2"
    assert sign_in("shen").get(where).status_code == 200
    assert sign_in("shen").get(f"/designer/processes/{KEY}/comparison/2.bpmn").status_code == 200
    assert sign_in("wang").get(where).status_code == 404
    for wrong in ("from=1&to=99", "from=x&to=1", "from=draft-0&to=1"):
        assert sign_in("root").get(f"/designer/processes/{KEY}/comparison?{wrong}").status_code == 404


@pytest.mark.usefixtures("two_versions")
def test_a_draft_is_compared_with_the_version_it_was_made_from(sign_in: SignIn) -> None:
    root = sign_in("root")
    made = root.post("/designer/drafts", data={"process": KEY})
    draft = made.headers["Location"].rstrip("/").rpartition("/")[2].partition("?")[0]
    assert "两边完全相同" in root.get(f"/designer/drafts/{draft}/comparison").text
    files = root.get(f"/designer/drafts/{draft}/files").json
    assert files is not None
    text = files["files"]["process.bpmn"].replace('name="销号"', 'name="核准销号"')
    root.put(f"/designer/drafts/{draft}/files", json={"rev": files["rev"], "files": {"process.bpmn": text}})
    assert "名称 由 销号 改为 核准销号" in root.get(f"/designer/drafts/{draft}/comparison?with=1").text
