"""Instances moved to another version while their tasks are being completed: how fast, and that nothing is lost by it."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from app import errors
from app.audit import SYSTEM, Actor
from app.bench.complete import ANSWERS
from app.bench.measure import Figure, Sample, of
from app.bench.stage import PROCESSES, Stage
from app.engine import History, HumanTask, Instance, Migration, MigrationItem, Package, load_folder, package_from_files

CLIENTS = 4
PLANTED = 10  # instances that cannot go
_FLOW = b'<bpmn:sequenceFlow id="to_needed" sourceRef="act" targetRef="needed" />'
_MORE = (
    b'<bpmn:userTask id="check" name="\xe6\xa0\xb8\xe5\xaf\xb9"><bpmn:extensionElements><spiffworkflow:properties>'
    b'<spiffworkflow:property name="name_en" value="Check" /><spiffworkflow:property name="role" value="dept_staff" />'
    b"</spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>"
    b'<bpmn:sequenceFlow id="to_check" sourceRef="act" targetRef="check" />'
    b'<bpmn:sequenceFlow id="to_needed" sourceRef="check" targetRef="needed" />'
)


def migrate(stage: Stage, count: int) -> list[Figure]:
    """A third of the tasks are completed by four people meanwhile; some instances are suspended and must be told."""
    engine = stage.engine
    instances = stage.start("errand", count)
    for instance_id in instances[:PLANTED]:
        engine.suspend(instance_id, "bench", by=SYSTEM)
    tasks = stage.open_tasks("act", instances[PLANTED:])
    alone = Sample("completion before")
    for task_id in tasks[:30]:
        with alone.time():
            engine.complete(task_id, ANSWERS, by=stage.people[0])
    before, new = _clocks(stage), engine.deploy(_next(load_folder(PROCESSES / "errand")), by=SYSTEM)
    with engine.sessions() as session:
        plan = engine.plan_migration(session, "errand", new.version - 1, new.version)
    started = engine.migrate(plan, reason="bench", by=SYSTEM)
    work = _Work(stage, tasks[30 : 30 + count // 3])
    batch = Sample("a batch of up to 40 instances")
    people = [threading.Thread(target=work.run, args=(person,)) for person in stage.people[:CLIENTS]]
    for one in people:
        one.start()
    while _waits(stage, started.id):
        with batch.time():
            engine.run_migrations()
    for one in people:
        one.join()
    return [*of("migrate", alone), *of("migrate", work.sample), *of("migrate", batch), *_told(stage, started, before,
            work, sum(batch.seconds), len(instances))]  # fmt: skip


@dataclass
class _Work:
    """Tasks that people complete, each until it is done."""

    stage: Stage
    tasks: list[str]
    sample: Sample = field(default_factory=lambda: Sample("completion while instances are moved"))
    lost: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, by: Actor) -> None:
        while True:
            with self.lock:
                if not self.tasks:
                    return
                task_id = self.tasks.pop()
            with self.sample.time():
                self._complete(task_id, by)

    def _complete(self, task_id: str, by: Actor) -> None:
        for _attempt in range(50):
            try:
                self.stage.engine.complete(task_id, ANSWERS, by=by)
                return
            except (errors.Busy, errors.Conflict):
                continue
        self.lost.append(task_id)


def _next(package: Package) -> Package:
    """The same with one step more."""
    diagram = package.files["process.bpmn"].replace(_FLOW, _MORE)
    return package_from_files(package.key, dict(package.files) | {"process.bpmn": diagram})


def _waits(stage: Stage, migration_id: str) -> bool:
    with stage.engine.sessions() as session:
        return session.get_one(Migration, migration_id).status == "running"


def _clocks(stage: Stage) -> dict[str, tuple[dt.datetime | None, dt.datetime | None]]:
    with stage.engine.sessions() as session:
        rows = session.execute(sa.select(HumanTask.id, HumanTask.due_at, HumanTask.original_due_at))
        return {row.id: (row.due_at, row.original_due_at) for row in rows}


def _told(
    stage: Stage,
    started: Migration,
    before: dict[str, tuple[dt.datetime | None, dt.datetime | None]],
    work: _Work,
    took: float,
    count: int,
) -> list[Figure]:
    """What the database holds afterwards."""
    engine = stage.engine
    with engine.sessions() as session:
        items = list(session.scalars(sa.select(MigrationItem).where(MigrationItem.migration_id == started.id)))
        broken = [item for item in items if engine.verify(session, item.instance_id) is not None]
        open_now = dict(
            session.execute(
                sa.select(HumanTask.instance_id, sa.func.count())
                .where(HumanTask.status == "open")
                .group_by(HumanTask.instance_id)
            )
            .tuples()
            .all()
        )
        going = set(session.scalars(sa.select(Instance.id).where(Instance.status.in_(("running", "suspended")))))
        twice = session.execute(
            sa.select(History.instance_id).where(History.event == "instance.migrated").group_by(History.instance_id)
            .having(sa.func.count() > 1)
        ).all()  # fmt: skip
    status = Counter(item.status for item in items)
    codes = Counter((item.reason or {}).get("code") for item in items if item.status == "failed")
    after = _clocks(stage)
    reset = sum(after.get(task_id) != was for task_id, was in before.items())
    lost = sum(open_now.get(instance_id, 0) != 1 for instance_id in going)
    results = engine.undo_migration(started.id, by=SYSTEM)
    undone, kept = sum(one.ok for one in results), Counter(one.reason.code for one in results if one.reason)
    again = _clocks(stage)
    reset += sum(again.get(task_id) != was for task_id, was in before.items())
    return [
        Figure("migrate", f"of {count} instances moved", status["done"], ""),
        Figure("migrate", "moved a second", status["done"] / took if took else 0.0, "/s"),
        Figure("migrate", "planted failures that were told", codes["suspended"], "", PLANTED, at_least=True),
        Figure("migrate", "not moved for another reason", status["failed"] - codes["suspended"], "", limit=0),
        Figure("migrate", "clocks that changed", reset, "", limit=0),
        Figure("migrate", "instances without exactly one open task", lost, "", limit=0),
        Figure("migrate", "completions that were given up", len(work.lost), "", limit=0),
        Figure("migrate", "moved twice, or with a broken chain", len(twice) + len(broken), "", limit=0),
        Figure("migrate", "undone afterwards", undone, ""),
        Figure("migrate", "kept, because work had gone on", kept["gone_on"], ""),
    ]
