"""预检: what would become of each row of a ledger, said before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from openpyxl import Workbook
from sqlalchemy.orm import Session, object_session

from app.accounts import User
from app.db import write_transaction
from app.errors import Invalid
from app.hazards.ledger.planning import Plan, PlannedRow, plan
from app.hazards.ledger.problems import TEXTS, in_both
from app.i18n import set_locale
from app.subjects import Subject
from tests.cast import LONGWAN, XINGANG, member
from tests.hazards.ledger.messy import COMPANIES, ROWS, TODAY, Company, Ledger, code, wrong_code
from tests.hazards.ledger.sheets import HEAD, saved, workbook

Enter = Callable[[Company], Subject]


def planned(session: Session, ledger: Ledger, who: str | None) -> Plan:
    user = session.get(User, member(who).id) if who else None
    return plan(session, ledger.content, user=user, today=TODAY)


@pytest.mark.usefixtures("companies")
def test_every_row_of_a_messy_ledger_becomes_what_it_must(session: Session, ledger: Ledger) -> None:
    rows = {row.number: row for row in planned(session, ledger, "wang").rows}
    assert len(ledger.rows) == ROWS + 2
    wrong = [
        (
            want.number,
            want.kind,
            want.outcome,
            sorted(want.codes),
            got and got.outcome,
            got and [p.code for p in got.problems],
        )
        for want in ledger.rows
        if (got := rows.get(want.number)) is None
        or got.outcome != want.outcome
        or not want.codes <= {p.code for p in got.problems}
    ]
    assert wrong == []
    assert rows.keys() == {row.number for row in ledger.rows}


def one(
    session: Session, *rows: list[object], who: str | None = "wang", head: tuple[str, ...] = HEAD
) -> list[PlannedRow]:
    user = session.get(User, member(who).id) if who else None
    return plan(session, workbook(*rows, head=head), user=user, today=TODAY).rows


def row(company: Company, what: str = "灭火器失效", **changes: object) -> list[object]:
    cells: dict[str, object] = {
        "name": company.name,
        "code": company.code,
        "town": "新港街道" if company.region == XINGANG else "龙湾镇",
        "sector": "工贸",
        "what": what,
        "found": "2026-4-1",
        "due": "2026-5-1",
        "state": "",
    }
    return list((cells | changes).values())


def codes(planned: PlannedRow) -> set[str]:
    return {problem.code for problem in planned.problems}


@contextmanager
def app_session(subject: Subject) -> Iterator[Session]:
    """A write transaction in the session that holds the subject."""
    session = object_session(subject)
    assert session is not None
    with write_transaction(session):
        yield session


IN_XINGANG = next(company for company in COMPANIES if company.region == XINGANG)
IN_LONGWAN = next(company for company in COMPANIES if company.region == LONGWAN)


@pytest.mark.usefixtures("companies")
class TestScope:
    def test_town_staff_import_only_for_their_town(self, session: Session) -> None:
        mine, other = one(session, row(IN_XINGANG), row(IN_LONGWAN), who="sun")
        assert mine.outcome == "new"
        assert (other.outcome, codes(other)) == ("error", {"subject_elsewhere"})

    def test_town_staff_may_not_register_an_enterprise_elsewhere(self, session: Session) -> None:
        stranger = Company("望海市远方商贸有限公司", code(4242), LONGWAN)
        (found,) = one(session, row(stranger), who="sun")
        assert (found.outcome, codes(found)) == ("error", {"outside_scope"})

    def test_department_staff_import_what_they_supervise(self, session: Session) -> None:
        (mine,) = one(session, row(IN_LONGWAN), who="zhao")
        assert mine.outcome == "new"
        (other,) = one(session, row(IN_LONGWAN), who="deng")
        assert (other.outcome, codes(other)) == ("error", {"subject_elsewhere"})

    def test_a_department_does_not_hand_hazards_to_another(self, session: Session) -> None:
        """The subject is seen, but the hazard would lie in another department's sector and charge."""
        (found,) = one(session, row(IN_LONGWAN, sector="建筑施工"), who="zhao")
        assert (found.outcome, codes(found)) == ("error", {"outside_scope"})

    def test_the_system_sees_everything(self, session: Session) -> None:
        assert [found.outcome for found in one(session, row(IN_XINGANG), row(IN_LONGWAN), who=None)] == ["new", "new"]


@pytest.mark.usefixtures("companies")
class TestSubjects:
    def test_a_known_name_with_another_valid_code_is_an_error(self, session: Session) -> None:
        (found,) = one(session, row(IN_XINGANG, code=code(5555)))
        assert (found.outcome, codes(found)) == ("error", {"name_other_code"})

    def test_a_name_that_two_have_needs_the_code(self, session: Session, entering: Enter) -> None:
        twin = Company("望海市双子五金有限公司", code(6001), XINGANG)
        entering(twin)
        entering(Company(twin.name, code(6002), XINGANG))
        by_name, by_code = one(session, row(twin, code=None), row(twin))
        assert (by_name.outcome, codes(by_name)) == ("error", {"subject_ambiguous"})
        assert by_code.outcome == "new"

    def test_the_town_decides_between_two_of_a_name(self, session: Session, entering: Enter) -> None:
        name = "望海市同名五金有限公司"
        entering(Company(name, code(6003), XINGANG))
        there = entering(Company(name, code(6004), LONGWAN))
        (found,) = one(session, row(Company(name, "", LONGWAN)))
        assert found.outcome == "new"
        assert found.key == found.entry.key(there.id)

    def test_a_closed_subject_takes_no_new_hazards(self, session: Session, entering: Enter) -> None:
        gone = Company("望海市停业陶瓷有限公司", code(6005), XINGANG)
        subject = entering(gone)
        with app_session(subject) as other:
            other.get_one(Subject, subject.id).status = "closed"
        (found,) = one(session, row(gone))
        assert (found.outcome, codes(found)) == ("error", {"subject_closed"})

    def test_another_town_than_registered_is_remarked_and_the_register_followed(self, session: Session) -> None:
        (found,) = one(session, row(IN_XINGANG, town="龙湾镇"))
        assert (found.outcome, codes(found), found.entry.region_code) == ("new", {"town_differs"}, XINGANG)

    def test_an_unknown_enterprise_without_particulars_is_an_error(self, session: Session) -> None:
        stranger = Company("望海市从未登记酒店", code(6006), XINGANG)
        for missing in ("code", "town", "sector"):
            (found,) = one(session, row(stranger, "灭火器失效", **{missing: None}))
            assert (found.outcome, len(found.problems)) == ("error", 1)
            assert codes(found) <= {"subject_unknown", "subject_unknown_near"}


@pytest.mark.usefixtures("companies")
class TestDictionaries:
    @pytest.mark.parametrize(
        "town", ["新港街道", "新港", "新港街道办事处", "新港街道渔港社区", "990181101000", " 新 港 街道 "]
    )
    def test_a_town_has_many_names(self, session: Session, town: str) -> None:
        (found,) = one(session, row(IN_XINGANG, town=town))
        assert found.outcome == "new", [problem.message for problem in found.problems]

    @pytest.mark.parametrize(
        "sector", ["工贸", "工贸行业", "工贸领域", "工贸（纺织）", "INDUSTRY", "危化", "危险化学品", "燃气"]
    )
    def test_a_sector_has_many_names(self, session: Session, sector: str) -> None:
        (found,) = one(session, row(IN_XINGANG, sector=sector))
        assert found.outcome == "new", [problem.message for problem in found.problems]

    @pytest.mark.parametrize(
        ("town", "near"), [("新岗街道", "新港街道"), ("龙弯镇", "龙湾镇"), ("龙湾镇政府", ""), ("龙湾乡", "")]
    )
    def test_an_unknown_town_is_an_error_with_the_nearest(self, session: Session, town: str, near: str) -> None:
        (found,) = one(session, row(IN_XINGANG, town=town))
        if near:
            assert f"是否“{near}”" in found.problems[0].message
        else:
            assert found.outcome == "new"


@pytest.mark.usefixtures("companies")
class TestRowsAgainstEachOther:
    def test_without_a_number_the_same_finding_is_taken_once(self, session: Session) -> None:
        first, again, other = one(
            session, row(IN_XINGANG), row(IN_XINGANG, what=" 灭火器\u3000失效 "), row(IN_XINGANG, what="配电箱无门")
        )
        assert [first.outcome, again.outcome, other.outcome] == ["new", "skipped", "new"]
        assert again.problems[-1].message == "与第 2 行重复"

    def test_what_only_helps_to_register_an_enterprise_never_refuses_a_hazard(self, session: Session) -> None:
        (found,) = one(session, [*row(IN_XINGANG), "见附件（两部电话）" * 9], head=(*HEAD, "联系电话"))
        assert (found.outcome, found.entry.phone) == ("new", "")

    def test_many_inspectors_are_kept_in_full(self, session: Session) -> None:
        names = "、".join(f"检查员{n}" for n in range(30))
        (found,) = one(session, [*row(IN_XINGANG), names], head=(*HEAD, "检查人"))
        assert (found.outcome, len(found.entry.found_by)) == ("new", 80)
        assert f"检查人：{names}" in found.entry.description

    def test_one_number_at_two_enterprises_is_two_hazards(self, session: Session) -> None:
        """Towns number their ledgers from 1, each for itself."""
        head = (*HEAD, "隐患编号")
        rows = one(session, [*row(IN_XINGANG), "001"], [*row(IN_LONGWAN), "001"], head=head)
        assert [found.outcome for found in rows] == ["new", "new"]

    def test_a_row_without_a_check_date_is_an_error_only_where_there_is_such_a_column(self, session: Session) -> None:
        (found,) = one(session, row(IN_XINGANG, found=None))
        assert codes(found) == {"missing"}
        cells = row(IN_XINGANG)
        (found,) = one(session, [*cells[:5], *cells[6:]], head=(*HEAD[:5], *HEAD[6:]))
        assert (found.outcome, found.entry.found_on) == ("new", "")


@pytest.mark.usefixtures("companies")
class TestWords:
    def test_a_problem_names_row_heading_and_cell_in_both_languages(self, session: Session) -> None:
        (found,) = one(session, row(IN_XINGANG, code=wrong_code(101)))
        said = in_both(found.number, found.problems)
        assert said == (
            f"第 2 行　“统一社会信用代码”（B2）：“{wrong_code(101)}”校验位不符，核对后重新填写 / "
            f"Row 2: “统一社会信用代码” (B2): “{wrong_code(101)}” has a wrong check character; verify it and enter it again"
        )

    def test_every_remark_has_an_english_text(self) -> None:
        set_locale("en")
        try:
            chinese = [code_ for code_, text in TEXTS.items() if any("\u4e00" <= c <= "\u9fff" for c in str(text))]
        finally:
            set_locale("zh_Hans_CN")
        assert chinese == []

    def test_what_a_column_missing_from_the_file_lacks_is_named_too(self, session: Session) -> None:
        cells = row(IN_XINGANG, code=None)
        (found,) = one(session, cells[1:], head=HEAD[1:])
        assert found.problems[0].in_cell(2) == "“企业名称”：没有填写"


@pytest.mark.usefixtures("companies")
def test_all_visible_sheets_with_headings_are_read_and_others_named(session: Session) -> None:
    book = Workbook()
    book.active.title = "说明"  # type: ignore[union-attr]
    for name, company in (("一月", IN_XINGANG), ("二月", IN_LONGWAN), ("三月", IN_XINGANG)):
        sheet = book.create_sheet(name)
        sheet.append(list(HEAD))
        sheet.append(row(company))
    found = plan(session, saved(book), user=None, today=TODAY)
    assert [(planned.sheet, planned.number, planned.outcome) for planned in found.rows] == [
        ("一月", 2, "new"), ("二月", 2, "new"), ("三月", 2, "skipped"),
    ]  # fmt: skip
    assert [(sheet["name"], sheet["read"]) for sheet in found.sheets] == [
        ("说明", False),
        ("一月", True),
        ("二月", True),
        ("三月", True),
    ]
    assert found.rows[-1].problems[-1].message == "与第 一月!2 行重复"


def test_a_file_without_a_ledger_says_which_headings_it_needs(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        plan(session, workbook(["a", "b"], head=None), user=None, today=TODAY)
    assert "“企业名称”" in refused.value.errors["file"][0]


@pytest.mark.usefixtures("companies")
def test_a_plan_writes_nothing(session: Session, ledger: Ledger) -> None:
    planned(session, ledger, "wang")
    assert not session.new
    assert not session.dirty
