"""The page: hand in, look, confirm, go on, look up again; refused to outsiders, harmless when repeated."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.engine import Instance
from app.hazards import Hazard
from app.hazards.ledger import HazardImport, HazardImportRow, views
from tests.cast import LONGWAN, XINGANG
from tests.hazards.ledger.messy import COMPANIES, Company
from tests.hazards.ledger.sheets import HEAD, workbook

SignIn = Callable[[str], FlaskClient]
IN_XINGANG = [company for company in COMPANIES if company.region == XINGANG]
IN_LONGWAN = next(company for company in COMPANIES if company.region == LONGWAN)
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def ledger(what: str, *companies: Company, bad: int = 0) -> bytes:
    """One good row an enterprise, then so many with a wrong code."""
    rows = [[c.name, c.code, None, "工贸", what, "2026-4-1", "2026-5-1", ""] for c in companies]
    rows += [[f"企业 {n}", "123", None, "工贸", what, "2026-4-1", "2026-5-1", ""] for n in range(bad)]
    return workbook(*rows, head=HEAD)


def hand_in(client: FlaskClient, content: bytes, name: str = "台账.xlsx") -> TestResponse:
    return client.post("/hazards/import", data={"file": (io.BytesIO(content), name)})


def handed_in(client: FlaskClient, content: bytes) -> str:
    answer = hand_in(client, content)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def count(session: Session, model: type[Hazard] | type[Instance] | type[HazardImport]) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


@pytest.mark.usefixtures("companies")
class TestHandingIn:
    def test_the_page_offers_it(self, sign_in: SignIn) -> None:
        page = sign_in("sun").get("/hazards/import")
        assert page.status_code == 200
        assert 'type="file"' in page.text

    def test_a_dry_run_shows_every_bad_row_and_writes_nothing_but_itself(
        self, session: Session, sign_in: SignIn
    ) -> None:
        before = count(session, Instance)
        url = handed_in(sign_in("sun"), ledger("未设警示标志", *IN_XINGANG[:2], bad=1))
        page = sign_in("sun").get(url).text
        assert "将登记隐患 2 项" in page
        assert "“统一社会信用代码”（B4）：“123”应为 18 位，现为 3 位" in page
        assert count(session, Instance) == before
        assert count(session, Hazard) == 0

    def test_the_same_in_english(self, session: Session, sign_in: SignIn) -> None:
        from app.accounts import User
        from app.db import write_transaction
        from tests.cast import member

        with write_transaction(session):
            session.get_one(User, member("sun").id).locale = "en"
        try:
            page = sign_in("sun").get(handed_in(sign_in("sun"), ledger("未设警示标志", bad=1))).text
        finally:
            with write_transaction(session):
                session.get_one(User, member("sun").id).locale = "zh_Hans_CN"
        assert "“统一社会信用代码” (B2): “123” should have 18 characters but has 3" in page

    @pytest.mark.parametrize(("content", "said"), [(b"no workbook", "不是完好的 Excel 文件"), (b"", "文件是空的")])
    def test_what_is_no_ledger_is_refused_in_place(
        self, session: Session, sign_in: SignIn, content: bytes, said: str
    ) -> None:
        before = count(session, HazardImport)
        answer = hand_in(sign_in("sun"), content)
        assert (answer.status_code, said in answer.text) == (422, True)
        assert 'aria-invalid="true"' in answer.text
        assert count(session, HazardImport) == before

    def test_without_a_file_it_says_so(self, sign_in: SignIn) -> None:
        answer = sign_in("sun").post("/hazards/import", data={})
        assert (answer.status_code, "没有选择文件" in answer.text) == (422, True)

    def test_markup_in_the_ledger_stays_text(self, sign_in: SignIn) -> None:
        attack = "<script>alert(1)</script>"
        content = workbook([attack, "123", attack, attack, attack, attack, "", ""], head=HEAD)
        page = sign_in("sun").get(handed_in(sign_in("sun"), content)).text
        assert attack not in page
        assert "&lt;script&gt;" in page

    @pytest.mark.parametrize("who", ["zhou", "wu", "qin", "lin", "root", "shen", "cha"])
    def test_others_may_not_import(self, session: Session, sign_in: SignIn, who: str) -> None:
        before = count(session, HazardImport)
        client = sign_in(who)
        assert client.get("/hazards/import").status_code == 403
        assert hand_in(client, ledger("x", *IN_XINGANG)).status_code == 403
        assert count(session, HazardImport) == before

    def test_nobody_unknown_may_import(self, anonymous: FlaskClient) -> None:
        assert anonymous.get("/hazards/import").status_code == 302
        assert hand_in(anonymous, b"x").status_code == 302


@pytest.mark.usefixtures("companies")
class TestConfirming:
    def test_confirmed_rows_are_registered_and_the_page_says_so(self, session: Session, sign_in: SignIn) -> None:
        client = sign_in("sun")
        url = handed_in(client, ledger("安全出口上锁", *IN_XINGANG[:3], bad=1))
        assert client.post(f"{url}/confirmation").status_code == 303
        page = client.get(f"{url}?outcome=imported").text
        assert "登记隐患 3 项，1 行有误没有登记" in page
        numbers = set(session.scalars(sa.select(Hazard.number).where(Hazard.summary == "安全出口上锁")))
        assert len(numbers) == 3
        assert all(number in page for number in numbers)

    def test_confirming_again_registers_nothing(self, session: Session, sign_in: SignIn) -> None:
        client = sign_in("sun")
        url = handed_in(client, ledger("电缆拖地", *IN_XINGANG[:2]))
        for _turn in range(3):
            assert client.post(f"{url}/confirmation").status_code == 303
            assert client.post(f"{url}/rows").status_code == 303
        session.rollback()
        assert len(session.scalars(sa.select(Hazard.id).where(Hazard.summary == "电缆拖地")).all()) == 2

    def test_the_same_file_again_adds_nothing(self, sign_in: SignIn) -> None:
        content = ledger("防护罩缺失", *IN_XINGANG[:2])
        client = sign_in("sun")
        client.post(f"{handed_in(client, content)}/confirmation")
        page = client.get(handed_in(client, content)).text
        assert "将登记隐患 0 项，以前已导入 2 项" in page
        assert "没有新的隐患需要登记" in page
        assert "/confirmation" not in page

    def test_a_changed_row_that_was_imported_is_remarked(self, sign_in: SignIn) -> None:
        client, head = sign_in("sun"), (*HEAD, "隐患编号")
        cells = [
            IN_XINGANG[0].name,
            IN_XINGANG[0].code,
            None,
            "工贸",
            "踏步板锈蚀",
            "2026-4-1",
            "2026-5-1",
            "",
            "XG-77",
        ]
        client.post(f"{handed_in(client, workbook(cells, head=head))}/confirmation")
        cells[4] = "踏步板锈蚀严重"
        page = client.get(handed_in(client, workbook(cells, head=head))).text
        assert "以前已导入 1 项" in page
        assert "台账内容后来有改动，没有更新" in page

    def test_a_long_import_goes_on_page_by_page(
        self, session: Session, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(views, "_TURN", 0.0)
        client = sign_in("sun")
        url = handed_in(client, ledger("应急灯不亮", *IN_XINGANG[:3]))
        client.post(f"{url}/confirmation")
        page = client.get(url).text
        assert "已登记 0 项，共 3 项" in page
        assert 'hx-trigger="load delay:400ms, submit"' in page
        again = client.post(f"{url}/rows", headers=HTMX)
        assert (again.status_code, again.text.lstrip()[:8]) == (200, "<section")
        monkeypatch.undo()
        finished = client.post(f"{url}/rows", headers=HTMX)
        assert finished.headers["HX-Redirect"] == url
        assert "登记隐患 3 项" in client.get(url).text

    def test_somebody_else_may_look_but_not_confirm(self, session: Session, sign_in: SignIn) -> None:
        """The head of the same town sees it, the committee office too; it is for whoever checked it to confirm."""
        url = handed_in(sign_in("sun"), ledger("插座烧焦", *IN_XINGANG[:1]))
        for who in ("ma", "wang"):
            page = sign_in(who).get(url)
            assert (page.status_code, "由孙强确认导入" in page.text) == (200, True)
            assert sign_in(who).post(f"{url}/confirmation").status_code == 409
            assert sign_in(who).post(f"{url}/rows").status_code == 409
        session.rollback()
        assert session.scalars(sa.select(Hazard.id).where(Hazard.summary == "插座烧焦")).all() == []

    def test_it_is_not_there_for_others(self, sign_in: SignIn) -> None:
        url = handed_in(sign_in("sun"), ledger("秘密", *IN_XINGANG[:1], bad=1))
        for who in ("he", "zhao"):
            client = sign_in(who)
            for answer in (
                client.get(url),
                client.get(f"{url}/problems.xlsx"),
                client.post(f"{url}/confirmation"),
                client.post(f"{url}/rows"),
                client.get("/hazards/import/0"),
            ):
                assert answer.status_code == 404
            assert url.rsplit("/", 1)[1] not in client.get("/hazards/import").text
        assert sign_in("zhou").get(url).status_code == 403

    def test_authority_is_asked_again_when_registering(self, session: Session, sign_in: SignIn) -> None:
        """Between check and confirmation the enterprise moved to another town."""
        from app.db import write_transaction
        from app.subjects import Subject

        url = handed_in(sign_in("sun"), ledger("搬走的企业", IN_XINGANG[4]))
        with write_transaction(session):
            session.scalars(sa.select(Subject).where(Subject.id_no == IN_XINGANG[4].code)).one().region_code = LONGWAN
        sign_in("sun").post(f"{url}/confirmation")
        session.rollback()
        import_id = url.rsplit("/", 1)[1]
        row = session.scalars(sa.select(HazardImportRow).where(HazardImportRow.import_id == import_id)).one()
        assert (row.outcome, row.problems[-1].code) == ("error", "refused")
        assert session.scalars(sa.select(Hazard.id).where(Hazard.summary == "搬走的企业")).all() == []

    def test_the_history_lists_what_was_handed_in(self, sign_in: SignIn) -> None:
        page = sign_in("sun").get("/hazards/import").text
        assert re.search(r"台账\.xlsx", page)
        assert "已完成" in page
        assert "待确认" in page
