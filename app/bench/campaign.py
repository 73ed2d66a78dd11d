"""A campaign with few and with many sectors: what one sector does must cost the same, however many there are."""

from __future__ import annotations

from itertools import zip_longest

import sqlalchemy as sa

from app.audit import SYSTEM
from app.bench.complete import ANSWERS
from app.bench.measure import Figure, Sample, of
from app.bench.stage import Stage
from app.engine import HumanTask, Instance

FEW, MANY = 11, 200  # sectors of a city's annual campaign, and more than any city has
WARM = 20
MOST = 1.5  # times that a task may cost with many sectors of what it costs with few


def campaign(stage: Stage, count: int) -> list[Figure]:
    """Completing a sector's task, and ending a sector (the parent hears of it), at 11 and at 200 sectors."""
    few, many = (_tasks(stage, size, count + WARM) for size in (FEW, MANY))
    task = {FEW: Sample(f"a task at {FEW} sectors"), MANY: Sample(f"a task at {MANY} sectors")}
    end = {FEW: Sample(f"a sector's end at {FEW} sectors"), MANY: Sample(f"a sector's end at {MANY} sectors")}
    for number, pair in enumerate(zip_longest(few, many)):
        for size, instance_id in zip((FEW, MANY), pair, strict=True):
            _play(stage, instance_id, (task[size], end[size]) if number >= WARM else None)
    figures = [figure for sample in (*task.values(), *end.values()) for figure in of("campaign", sample)]
    for what, sample in (("a task", task), ("a sector's end", end)):
        ratio = sample[MANY].median / sample[FEW].median
        figures.append(Figure("campaign", f"{what} at {MANY} ÷ at {FEW} sectors", ratio, "×", limit=MOST))
    return figures


def _tasks(stage: Stage, size: int, wanted: int) -> list[str]:
    """Sectors of campaigns of this size, but for the last of each: it would move the campaign on."""
    engine, found = stage.engine, list[str]()
    while len(found) < wanted:
        started = engine.start("sweep", {"sectors": list(range(size))}, by=SYSTEM)
        engine.deliver_all()
        with engine.sessions() as session:
            children = sa.select(Instance.id).where(Instance.parent_id == started.instance_id)
            found += list(session.scalars(children.order_by(Instance.id)))[:-1]
    return found[:wanted]


def _play(stage: Stage, instance_id: str, samples: tuple[Sample, Sample] | None) -> None:
    """Both steps of a sector; the letters of the second one are part of it."""
    task, end = samples or (Sample("warm"), Sample("warm"))
    with task.time():
        stage.engine.complete(_open(stage, instance_id), ANSWERS, by=stage.people[0])
    stage.engine.deliver_all()
    second = _open(stage, instance_id)
    with end.time():
        stage.engine.complete(second, {}, by=stage.people[1])
        stage.engine.deliver_all()


def _open(stage: Stage, instance_id: str) -> str:
    with stage.engine.sessions() as session:
        select = sa.select(HumanTask.id).where(HumanTask.instance_id == instance_id, HumanTask.status == "open")
        return str(session.scalars(select).one())
