"""`duban hazards import`: the same, for whoever runs the machine."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from app.db import write_transaction
from app.hazards import Hazard, commands
from app.hazards.commands import hazards
from app.hazards.ledger import HazardImport, LedgerKey
from app.hazards.ledger.planning import plan
from app.subjects import Subject
from tests.cast import LONGWAN, XINGANG
from tests.hazards.ledger.messy import COMPANIES, TODAY, Company, code, wrong_code
from tests.hazards.ledger.sheets import HEAD, workbook

IN_XINGANG = next(company for company in COMPANIES if company.region == XINGANG)
IN_LONGWAN = next(company for company in COMPANIES if company.region == LONGWAN)
NEW = Company("望海市晨光玩具有限公司", code(7070), XINGANG)

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, tmp_path: Path) -> Run:
    """`run(rows, "--dry-run")` writes a ledger and hands it to the command."""

    def command(rows: list[list[object]], *options: str) -> Result:
        file = tmp_path / "台账.xlsx"
        file.write_bytes(workbook(*rows, head=HEAD))
        return CliRunner().invoke(hazards, ["import", str(file), *options], obj=lambda: app)

    return command


def row(company: Company, what: str, number: str = "") -> list[object]:
    town = "新港街道" if company.region == XINGANG else "龙湾镇"
    return [company.name, number or company.code, town, "工贸", what, "2026-4-1", "2026-5-1", ""]


def summaries(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(sa.select(Hazard.summary).order_by(Hazard.number)))


@pytest.mark.usefixtures("companies")
class TestTheCommand:
    def test_a_dry_run_names_the_bad_rows_in_both_languages_and_writes_nothing(
        self, session: Session, run: Run
    ) -> None:
        answer = run([row(IN_XINGANG, "一"), row(IN_XINGANG, "二", wrong_code(101))], "--dry-run")
        assert answer.exit_code == 0, answer.output
        assert "待登记 / new 1" in answer.stdout
        assert "第 3 行　“统一社会信用代码”（B3）" in answer.stderr
        assert "Row 3: “统一社会信用代码” (B3)" in answer.stderr
        assert summaries(session) == []
        assert session.scalars(sa.select(HazardImport.id)).all() == []

    def test_good_rows_go_in_as_the_system_and_a_repeat_adds_nothing(self, session: Session, run: Run) -> None:
        rows = [row(IN_XINGANG, "甲"), row(NEW, "乙"), row(IN_LONGWAN, "丙", wrong_code(100))]
        answer = run(rows)
        assert answer.exit_code == 0, answer.output
        assert "已登记 / imported 2" in answer.stdout
        assert summaries(session) == ["甲", "乙"]
        assert session.scalars(sa.select(Subject.name).where(Subject.id_no == NEW.code)).one() == NEW.name
        assert session.scalars(sa.select(Hazard.registered_by_name)).all() == ["系统", "系统"]
        again = run(rows)
        assert "以前已导入 / already imported 2" in again.stdout
        assert summaries(session) == ["甲", "乙"]

    def test_as_a_person_only_within_what_they_see(self, session: Session, run: Run) -> None:
        answer = run([row(IN_XINGANG, "丁"), row(IN_LONGWAN, "戊")], "--as", "sun")
        assert "已登记 / imported 1" in answer.stdout
        assert "不在您的管辖范围" in answer.stderr
        assert summaries(session)[-1] == "丁"
        assert session.scalars(sa.select(Hazard.registered_by_name).where(Hazard.summary == "丁")).one() == "孙强"

    @pytest.mark.parametrize(("who", "said"), [("nobody", "没有用户"), ("zhou", "不能登记隐患")])
    def test_others_are_refused(self, session: Session, run: Run, who: str, said: str) -> None:
        before = summaries(session)
        answer = run([row(IN_XINGANG, "己")], "--as", who)
        assert (answer.exit_code, said in answer.stderr) == (1, True)
        assert summaries(session) == before

    def test_the_bad_rows_can_be_written_to_a_file(self, tmp_path: Path, run: Run) -> None:
        target = tmp_path / "bad.xlsx"
        run([row(IN_XINGANG, "庚", "123")], "--problems", str(target))
        sheet = load_workbook(io.BytesIO(target.read_bytes())).active
        assert sheet is not None
        assert [cell.value for cell in sheet[2]][:3] == ["2", IN_XINGANG.name, "123"]

    def test_a_row_that_a_killed_import_had_begun_is_waited_for(
        self, app: Flask, session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It may be at work still: only when its lease is over is the row taken over, and then registered once."""
        monkeypatch.setattr(commands, "_PAUSE", 0.2)
        rows = [row(IN_XINGANG, "辛")]
        found = plan(session, workbook(*rows, head=HEAD), user=None, today=TODAY)
        with write_transaction(session):
            killed = session.scalars(sa.select(HazardImport).limit(1)).one()
            killed.lease, killed.lease_until = "killed", dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
            session.add(
                LedgerKey(key=found.rows[0].key, import_id=killed.id, content_hash="", taken_at=killed.created_at)
            )
        answer = run(rows)
        assert "已登记 / imported 1" in answer.stdout, answer.output
        assert dt.datetime.now(dt.UTC) > killed.lease_until
        assert summaries(session).count("辛") == 1

    def test_a_file_that_is_no_ledger_is_refused_in_words(self, app: Flask, tmp_path: Path) -> None:
        file = tmp_path / "x.xlsx"
        file.write_bytes(b"nothing")
        answer = CliRunner().invoke(hazards, ["import", str(file)], obj=lambda: app)
        assert (answer.exit_code, "不是完好的 Excel 文件" in answer.stderr) == (1, True)
