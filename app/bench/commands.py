"""The command `duban bench` and the list of what it can measure."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from app import collecting
from app.bench import report
from app.bench.campaign import campaign
from app.bench.complete import complete, start
from app.bench.faults import faults
from app.bench.inbox import inbox
from app.bench.ledger import ledger
from app.bench.measure import Figure
from app.bench.migrate import migrate
from app.bench.rehearse import rehearse
from app.bench.stage import Occupied, Stage, stage
from app.bench.timers import timers
from app.bench.wall import wall
from app.clock import SHANGHAI

Bench = Callable[[Stage, int], list[Figure]]
# name → what it does, and how often by default
BENCHES: dict[str, tuple[Bench, int]] = {
    "complete": (complete, 400),
    "start": (start, 400),
    "inbox": (inbox, 60),
    "timers": (timers, 10_000),
    "import": (ledger, 500),
    "campaign": (campaign, 180),
    "migrate": (migrate, 500),
    "rehearse": (rehearse, 1000),
    "wall": (wall, 500_000),
    "faults": (faults, 1000),
}

LONG = ("wall", "faults")  # minutes each: only when named


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--count", type=click.IntRange(min=10), help="How often, or how many; each bench has its own default.")
@click.option("--database", help="An empty database to measure in.  [default: SQLite in a temporary folder]")
@click.option("--large", is_flag=True, help="The inbox also in a city with 1M open and 5M done tasks (takes a while).")
@click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), help="Write an HTML page.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures.")
def bench(
    names: Sequence[str],
    count: int | None,
    database: str | None,
    large: bool,
    report_file: Path | None,
    json_file: Path | None,
) -> None:
    """Measure speed, each bench in a scratch office of its own; without NAMES all of them but wall and faults.

    Exits with 1 when a figure misses its limit. The limits hold for a quiet machine with two cores.
    """
    figures: list[Figure] = []
    logging.disable(logging.INFO)
    try:
        _measure(names or [name for name in BENCHES if name not in LONG], count, database, large, figures)
    finally:
        logging.disable(logging.NOTSET)
    if report_file:
        kind = "SQLite" if database is None else database.partition(":")[0]
        report_file.write_text(report.page(figures, dt.datetime.now(SHANGHAI), kind), encoding="utf-8")
    if json_file:
        json_file.write_text(json.dumps([figure.as_dict() for figure in figures], ensure_ascii=False, indent=1))
    sys.exit(1 if any(figure.good is False for figure in figures) else 0)


def _measure(names: Sequence[str], count: int | None, database: str | None, large: bool, figures: list[Figure]) -> None:
    for name in names:
        act, usual = BENCHES[name]
        if name == "inbox" and large:
            act = partial(inbox, large=True)
        try:
            with stage(database) as where:
                collecting.settle()  # as the programs that serve do
                for figure in act(where, count or usual):
                    click.echo(figure.as_text())
                    figures.append(figure)
        except Occupied as occupied:
            raise click.ClickException("数据库中已有人员 / the database is not empty") from occupied
