"""Each kind of damage is planted behind the application's back, and named by its record.

The records are compared after they have been read: on PostgreSQL one damage of each kind of value shows that they are
read there as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.audit import AuditRecord, Finding
from app.config import Settings
from app.db import new_id
from app.engine import Definition, DefinitionFile, History, HumanTask, Incident, Instance, Timer
from app.files import Attachment
from app.hazards import HazardNumber
from app.upkeep import verification


@pytest.fixture
def settings(old_city: Callable[[], Settings]) -> Settings:
    return old_city()


@pytest.fixture
def city(settings: Settings, open_city: Callable[[Settings], Flask]) -> Flask:
    return open_city(settings)


def run(app: Flask, statement: Any) -> None:
    with app.extensions["duban.sessions"]() as session:
        session.execute(statement)
        session.commit()


def one(app: Flask, select: Any) -> Any:
    with app.extensions["duban.sessions"]() as session:
        return session.execute(select.limit(1)).scalar_one()


def found(app: Flask) -> list[Finding]:
    """What was not known before."""
    return [finding for finding in verification.findings(app) if not finding.known]


def running(key: str = "hazard_rectification") -> Any:
    return sa.select(Instance.id).where(Instance.definition_key == key, Instance.status == "running")


def open_task(*columns: Any) -> Any:
    select = sa.select(*(columns or (HumanTask.id,))).join(Instance, Instance.id == HumanTask.instance_id)
    return select.where(HumanTask.status == "open", Instance.status == "running").order_by(HumanTask.id)


def waiting_event(*columns: Any) -> Any:
    select = sa.select(*(columns or (Timer.id,))).join(Instance, Instance.id == Timer.instance_id)
    return select.where(Timer.kind == "event", Timer.state == "waiting", Instance.status == "running")


def test_a_whole_city_has_nothing_but_what_is_known(city: Flask) -> None:
    assert found(city) == []
    known = list(verification.findings(city))
    assert [(one_.kind, one_.known) for one_ in known] == [("state.damaged", True)]


def test_a_changed_audit_record_is_named(city: Flask) -> None:
    run(city, sa.update(AuditRecord).where(AuditRecord.seq == 7).values(actor_name="别人"))
    assert [(f.kind, f.id) for f in found(city)] == [("audit.broken", "7")]


@pytest.mark.one_database
def test_a_removed_audit_record_is_named(city: Flask) -> None:
    run(city, sa.delete(AuditRecord).where(AuditRecord.seq == 9))
    assert [(f.kind, f.id, f.detail) for f in found(city)] == [("audit.broken", "10", "record 9 is missing")]


@pytest.mark.one_database
def test_a_changed_line_of_history_is_named(city: Flask) -> None:
    line = one(city, sa.select(History.id).where(History.event == "task.completed"))
    instance_id = one(city, sa.select(History.instance_id).where(History.id == line))
    seq = one(city, sa.select(History.seq).where(History.id == line))
    run(city, sa.update(History).where(History.id == line).values(actor_name="别人"))
    assert [(f.kind, f.id, f.detail) for f in found(city)] == [
        ("history.broken", instance_id, f"record {seq}: content does not match its hash")
    ]


def test_a_state_of_which_one_byte_is_changed_is_named(city: Flask) -> None:
    instance_id = one(city, running())
    state = bytearray(one(city, sa.select(Instance.state).where(Instance.id == instance_id)))
    state[len(state) // 2] ^= 1
    run(city, sa.update(Instance).where(Instance.id == instance_id).values(state=bytes(state)))
    assert [(f.kind, f.id) for f in found(city)] == [("state.damaged", instance_id)]


@pytest.mark.one_database
def test_an_old_state_put_back_is_named(city: Flask) -> None:
    """Its checksum covers the revision too."""
    instance_id = one(city, running())
    run(city, sa.update(Instance).where(Instance.id == instance_id).values(rev=Instance.rev + 1))
    assert [(f.kind, f.id) for f in found(city)] == [("state.damaged", instance_id)]


@pytest.mark.one_database
def test_a_state_of_another_serializer_is_named(city: Flask) -> None:
    instance_id = one(city, running())
    run(city, sa.update(Instance).where(Instance.id == instance_id).values(serializer_version="1.1/0"))
    named = found(city)
    assert [(f.kind, f.id) for f in named] == [("state.damaged", instance_id)]
    assert "1.1/0" in named[0].detail


@pytest.mark.one_database
def test_a_lost_task_is_named(city: Flask) -> None:
    task_id = one(city, open_task())
    instance_id = one(city, open_task(HumanTask.instance_id))
    run(city, sa.update(Timer).where(Timer.task_id == task_id).values(state="cancelled"))
    run(city, sa.update(HumanTask).where(HumanTask.id == task_id).values(status="cancelled"))
    assert [(f.kind, f.id) for f in found(city)] == [("task.missing", instance_id)]


@pytest.mark.one_database
def test_a_task_that_no_token_waits_at_is_named(city: Flask) -> None:
    done = sa.select(HumanTask.id).join(Instance, Instance.id == HumanTask.instance_id)
    task_id = one(city, done.where(HumanTask.status == "done", Instance.status == "running"))
    run(city, sa.update(HumanTask).where(HumanTask.id == task_id).values(status="open"))
    assert [(f.kind, f.id) for f in found(city)] == [("task.unexpected", task_id)]


@pytest.mark.one_database
def test_a_doubled_task_is_named(city: Flask) -> None:
    task_id = one(city, open_task())
    table = HumanTask.__table__
    columns = [column for column in table.c if column.name != "id"]
    twin = new_id()
    copied = sa.select(sa.literal(twin), *columns).where(table.c.id == task_id)
    run(city, sa.insert(table).from_select(["id", *(column.name for column in columns)], copied))
    assert {(f.kind, f.id) for f in found(city)} == {("task.doubled", task_id), ("task.doubled", twin)}


@pytest.mark.one_database
def test_a_lost_timer_is_named(city: Flask) -> None:
    timer_id, instance_id = one(city, waiting_event()), one(city, waiting_event(Timer.instance_id))
    run(city, sa.update(Timer).where(Timer.id == timer_id).values(state="fired"))
    assert [(f.kind, f.id) for f in found(city)] == [("timer.missing", instance_id)]


def test_a_timer_moved_behind_the_states_back_is_named_with_both_instants(city: Flask) -> None:
    timer_id = one(city, waiting_event())
    due = one(city, waiting_event(Timer.due_at))
    run(city, sa.update(Timer).where(Timer.id == timer_id).values(due_at=due.replace(year=2031)))
    named = found(city)
    assert [(f.kind, f.id) for f in named] == [("timer.instant", timer_id)]
    assert "2031" in named[0].detail
    assert str(due.year) in named[0].detail


@pytest.mark.one_database
def test_a_timer_that_no_token_waits_for_is_named(city: Flask) -> None:
    old = sa.select(Timer.id).join(Instance, Instance.id == Timer.instance_id)
    old = old.where(Timer.kind == "event", Timer.state == "cancelled", Instance.status == "running")
    timer_id = one(city, old)
    run(city, sa.update(Timer).where(Timer.id == timer_id).values(state="waiting"))
    assert [(f.kind, f.id) for f in found(city)] == [("timer.unexpected", timer_id)]


@pytest.mark.one_database
def test_a_reminder_of_a_task_that_is_done_is_named(city: Flask) -> None:
    done = sa.select(Timer.id).join(HumanTask, HumanTask.id == Timer.task_id)
    done = done.join(Instance, Instance.id == Timer.instance_id)
    timer_id = one(city, done.where(HumanTask.status == "done", Instance.status == "running"))
    run(city, sa.update(Timer).where(Timer.id == timer_id).values(state="waiting"))
    assert [(f.kind, f.id) for f in found(city)] == [("timer.left_over", timer_id)]


def test_an_open_task_and_a_timer_of_an_instance_that_is_over_are_named(city: Flask) -> None:
    over = sa.select(HumanTask.id).join(Instance, Instance.id == HumanTask.instance_id)
    task_id = one(city, over.where(Instance.status == "ended", HumanTask.status == "done"))
    of_it = sa.select(Timer.id).where(Timer.task_id == task_id)
    timer_id = one(city, of_it)
    run(city, sa.update(HumanTask).where(HumanTask.id == task_id).values(status="open"))
    run(city, sa.update(Timer).where(Timer.id == timer_id).values(state="waiting"))
    assert {(f.kind, f.id) for f in found(city)} == {("task.left_over", task_id), ("timer.left_over", timer_id)}


@pytest.mark.one_database
def test_a_running_instance_that_nothing_can_move_is_named(city: Flask) -> None:
    """Its state is one that has ended; a real one of its own, so that the seal holds."""
    ended = sa.select(Instance.id).where(Instance.status == "ended", Instance.definition_key == "hazard_rectification")
    instance_id = one(city, ended)
    run(city, sa.update(Instance).where(Instance.id == instance_id).values(status="running"))
    assert [(f.kind, f.id) for f in found(city)] == [("instance.stuck", instance_id)]


@pytest.mark.one_database
def test_what_waits_for_an_operator_is_not_stuck(city: Flask) -> None:
    ended = sa.select(Instance.id).where(Instance.status == "ended", Instance.definition_key == "hazard_rectification")
    instance_id = one(city, ended)
    run(city, sa.update(Instance).where(Instance.id == instance_id).values(status="running"))
    at = one(city, sa.select(Instance.started_at).where(Instance.id == instance_id))
    told = sa.insert(Incident).values(
        id=new_id(), instance_id=instance_id, kind="stuck", message="?", created_at=at, attempts=0
    )
    run(city, told)
    assert found(city) == []


def test_a_changed_definition_is_named(city: Flask) -> None:
    definition_id = one(city, sa.select(Definition.id).where(Definition.key == "referral"))
    changed = sa.update(DefinitionFile).where(
        DefinitionFile.definition_id == definition_id, DefinitionFile.name == "process.toml"
    )
    run(city, changed.values(content=b'key = "referral"'))
    assert ("definition.damaged", definition_id) in {(f.kind, f.id) for f in found(city)}


@pytest.mark.one_database
def test_a_lost_and_a_changed_file_are_named(city: Flask, settings: Settings) -> None:
    with city.extensions["duban.sessions"]() as session:
        lost, changed = session.scalars(sa.select(Attachment).order_by(Attachment.id).limit(2)).all()
    place = {a.id: settings.uploads / a.key[:2] / a.key[2:4] / a.key for a in (lost, changed)}
    place[lost.id].unlink()
    place[changed.id].chmod(0o640)
    place[changed.id].write_bytes(b"something else")
    assert [(f.kind, f.id, f.detail.partition(": ")[2]) for f in found(city)] == [
        ("file.damaged", lost.id, "the file is missing"),
        ("file.damaged", changed.id, "its content is not what was stored"),
    ]


def test_a_counter_behind_the_numbers_it_gave_is_named(city: Flask) -> None:
    run(city, sa.update(HazardNumber).where(HazardNumber.year == 2026).values(last=3))
    assert [(f.kind, f.id) for f in found(city)] == [("counter.behind", "2026")]


@pytest.mark.one_database
def test_two_damages_are_both_named(city: Flask) -> None:
    run(city, sa.update(HazardNumber).where(HazardNumber.year == 2026).values(last=3))
    run(city, sa.delete(AuditRecord).where(AuditRecord.seq == 9))
    assert {f.kind for f in found(city)} == {"audit.broken", "counter.behind"}


def test_the_command_names_each_on_a_line_of_json_and_fails(
    city: Flask, settings: Settings, duban: Callable[..., Any]
) -> None:
    assert duban(settings, "verify").exit_code == 0
    run(city, sa.delete(AuditRecord).where(AuditRecord.seq == 9))
    done = duban(settings, "verify", "--json", "--no-files")
    assert done.exit_code == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["kind"], line["id"]) for line in lines if not line["known"]] == [("audit.broken", "10")]
    told = duban(settings, "verify", "--no-files")
    assert told.exit_code == 1
    assert "audit.broken" in told.stderr
