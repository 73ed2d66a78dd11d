"""导入: good rows in, bad rows named, safe to repeat, interrupted or not; on the page and for outsiders."""

from __future__ import annotations

import datetime as dt
import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from app.accounts import User
from app.audit import SYSTEM, Actor, AuditRecord
from app.db import write_transaction
from app.engine import HumanTask, Incident, Instance
from app.errors import Forbidden
from app.hazards import Hazard
from app.hazards.ledger import HazardImport, HazardImportRow, LedgerKey, applying, queries
from app.hazards.ledger.planning import plan
from app.subjects import Subject
from tests.cast import START, member
from tests.hazards.ledger.messy import NEWCOMERS, TODAY, Ledger, messy_ledger

SignIn = Callable[[str], FlaskClient]


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Every kind of row, fewer of the good ones than where they are only planned: each starts a process."""
    return messy_ledger(220)


def around(app: Flask) -> applying.Surroundings:
    return applying.Surroundings(
        app.extensions["duban.sessions"], app.extensions["duban.engine"], app.extensions["duban.clock"]
    )


def kept(app: Flask, content: bytes, who: str | None) -> tuple[str, Actor]:
    """Plan, keep and confirm, as page and command do."""
    with app.extensions["duban.sessions"]() as session:
        user = session.get(User, member(who).id) if who else None
        by = user.actor() if user else SYSTEM
        found = plan(session, content, user=user, today=TODAY)
        with write_transaction(session):
            now = START.astimezone(dt.UTC)
            import_id = applying.keep(session, found, file_name="台账.xlsx", sha256="0" * 64, user=user, by=by, now=now)
            applying.confirm(session, session.get_one(HazardImport, import_id), by=by, now=now)
    return import_id, by


def outcomes(session: Session, import_id: str) -> Counter[str]:
    again(session)
    return Counter(queries.counts(session, import_id))


def again(session: Session) -> None:
    """Look at what others have committed meanwhile."""
    session.rollback()
    session.expire_all()


def hazards(session: Session) -> int:
    again(session)
    return session.scalar(sa.select(sa.func.count()).select_from(Hazard)) or 0


@pytest.mark.usefixtures("companies")
class TestAMessyLedger:
    """One ledger, in order: interrupted, gone on with, repeated."""

    def test_an_interrupted_import_says_which_rows_are_done(
        self, app: Flask, session: Session, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import_id, by = kept(app, ledger.content, "wang")
        start, calls = app.extensions["duban.engine"].start, []

        def power_cut(*args: Any, **kwargs: Any) -> Any:
            calls.append(args)
            if len(calls) == 40:
                raise KeyboardInterrupt
            return start(*args, **kwargs)

        monkeypatch.setattr(app.extensions["duban.engine"], "start", power_cut)
        with pytest.raises(KeyboardInterrupt):
            applying.work(around(app), import_id, by=by)
        again(session)
        done = list(session.scalars(queries.rows(import_id, "imported")))
        good = [row.number for row in ledger.rows if row.outcome == "new"]
        assert [row.number for row in done] == good[:39]
        assert session.get_one(HazardImport, import_id).state == "running"
        assert hazards(session) == 39

    def test_a_cut_after_the_start_and_before_its_record_registers_nothing_twice(
        self, app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import_id = session.scalars(sa.select(HazardImport.id)).one()
        by = session.get_one(User, member("wang").id).actor()
        start = app.extensions["duban.engine"].start

        def power_cut(*args: Any, **kwargs: Any) -> Any:
            start(*args, **kwargs)
            raise KeyboardInterrupt

        monkeypatch.setattr(app.extensions["duban.engine"], "start", power_cut)
        with pytest.raises(KeyboardInterrupt):
            applying.work(around(app), import_id, by=by)
        assert outcomes(session, import_id)["imported"] == 39
        assert hazards(session) == 40

    def test_going_on_registers_exactly_the_good_rows(self, app: Flask, session: Session, ledger: Ledger) -> None:
        import_id = session.scalars(sa.select(HazardImport.id)).one()
        by = session.get_one(User, member("wang").id).actor()
        assert applying.work(around(app), import_id, by=by)
        want = Counter("imported" if row.outcome == "new" else row.outcome for row in ledger.rows)
        assert outcomes(session, import_id) == want
        assert hazards(session) == want["imported"]
        got = {row.number: row.outcome for row in session.scalars(queries.rows(import_id))}
        assert got == {row.number: "imported" if row.outcome == "new" else row.outcome for row in ledger.rows}
        assert session.get_one(HazardImport, import_id).state == "done"

    def test_each_hazard_has_one_process_without_incidents(self, session: Session) -> None:
        assert session.scalars(sa.select(Incident.message)).all() == []
        assert session.scalar(sa.select(sa.func.count()).select_from(Instance)) == hazards(session)
        instances = set(session.scalars(sa.select(Hazard.instance_id)))
        assert set(session.scalars(sa.select(HumanTask.instance_id).where(HumanTask.status == "open"))) == instances

    def test_what_the_row_says_stands_in_the_register(self, session: Session, ledger: Ledger) -> None:
        number = next(row.number for row in ledger.rows if row.kind == "date in words")
        row = session.scalars(sa.select(HazardImportRow).where(HazardImportRow.number == number)).one()
        hazard = session.get_one(Hazard, row.hazard_id)
        assert row.entry is not None
        assert (hazard.source, hazard.external_no) == ("import", row.entry["external_no"])
        assert hazard.summary == row.entry["what"]
        assert hazard.requirements == ["安装漏电保护器\n整改责任人：张三"]
        assert hazard.legal_basis == "《安全生产法》第三十六条"
        assert hazard.found_at.astimezone(START.tzinfo).date().isoformat() == row.entry["found_on"]

    def test_with_a_limit_it_is_being_rectified_and_without_one_it_waits_to_be_graded(
        self, session: Session, ledger: Ledger
    ) -> None:
        by_kind = {row.kind: row.number for row in ledger.rows}
        found = {
            kind: session.get_one(
                Hazard,
                session.scalars(
                    sa.select(HazardImportRow.hazard_id).where(HazardImportRow.number == by_kind[kind])
                ).one(),
            )
            for kind in ("plain", "without a limit", "past its limit", "major")
        }
        now = START.astimezone(dt.UTC)
        assert found["plain"].status == "rectifying"
        assert not found["plain"].overdue(now)
        assert found["past its limit"].overdue(now)
        assert (found["without a limit"].status, found["without a limit"].due_at) == ("registered", None)
        assert found["major"].grade == "major"

    def test_an_unknown_enterprise_with_all_particulars_is_registered_once(self, session: Session) -> None:
        for company in NEWCOMERS:
            subject = session.scalars(sa.select(Subject).where(Subject.id_no == company.code)).one()
            assert (subject.name, subject.region_code, subject.sector_code) == (
                company.name,
                company.region,
                "INDUSTRY",
            )

    def test_a_second_run_adds_nothing(self, app: Flask, session: Session, ledger: Ledger) -> None:
        before = hazards(session)
        import_id, by = kept(app, ledger.content, "wang")
        assert outcomes(session, import_id)["new"] == 0
        assert applying.work(around(app), import_id, by=by)
        want = Counter("known" if row.outcome == "new" else row.outcome for row in ledger.rows)
        assert outcomes(session, import_id) == want
        assert hazards(session) == before

    def test_two_plans_made_before_either_is_done_register_each_row_once(
        self, app: Flask, session: Session, ledger: Ledger
    ) -> None:
        """A colleague handed the same ledger in: the second finds what the first registered."""
        with app.extensions["duban.sessions"]() as other, write_transaction(other):
            row = other.scalars(sa.select(HazardImportRow).where(HazardImportRow.outcome == "known").limit(1)).one()
            row.outcome, row.hazard_id, import_id = "new", None, row.import_id
            other.get_one(HazardImport, import_id).state = "running"
            row_id = row.id
        before = hazards(session)
        assert applying.work(around(app), import_id, by=SYSTEM)
        again(session)
        assert session.get_one(HazardImportRow, row_id).outcome == "known"
        assert hazards(session) == before

    def test_who_imported_what_is_in_the_audit_log(self, session: Session) -> None:
        acts = Counter(session.scalars(sa.select(AuditRecord.action)))
        assert acts["hazard_imports.confirmed"] == 2
        assert acts["hazard_imports.finished"] >= 2
        assert acts["subjects.created"] == len(NEWCOMERS)
        assert acts["hazards.registered"] == hazards(session)

    def test_the_bad_rows_come_back_as_text_with_their_reasons(
        self, session: Session, ledger: Ledger, sign_in: SignIn
    ) -> None:
        import_id = session.scalars(sa.select(HazardImport.id).order_by(HazardImport.created_at)).first()
        answer = sign_in("wang").get(f"/hazards/import/{import_id}/problems.xlsx")
        assert answer.status_code == 200
        sheet = load_workbook(io.BytesIO(answer.data)).active
        assert sheet is not None
        head, *rows = sheet.iter_rows()
        assert (head[0].value, head[-1].value) == ("行号", "未登记原因")
        bad = ledger.having("error")
        assert [row[0].value for row in rows] == [str(row.number) for row in bad]
        assert all(cell.data_type in ("s", "inlineStr") for row in rows for cell in row if cell.value is not None)
        commands = [row for row, want in zip(rows, bad, strict=True) if want.kind == "command formula"]
        assert commands
        for row in commands:
            assert row[7].value == "=cmd|'/C calc'!A0"
            assert row[7].data_type != "f"
            assert "（G" in str(row[-1].value)


def test_people_who_may_not_enter_hazards_are_refused(app: Flask, ledger: Ledger) -> None:
    with app.extensions["duban.sessions"]() as session:
        for who in ("zhou", "qin", "root", "lin"):
            user = session.get_one(User, member(who).id)
            found = plan(session, ledger.content, user=user, today=TODAY)
            with pytest.raises(Forbidden):
                applying.keep(
                    session, found, file_name="a", sha256="0", user=user, by=user.actor(), now=START.astimezone(dt.UTC)
                )


def test_keys_are_only_kept_for_what_was_registered(session: Session) -> None:
    assert session.scalars(sa.select(LedgerKey).where(LedgerKey.hazard_id.is_(None))).all() == []
