"""`duban metrics …`: the catalogue checked, and a figure computed over every record."""

from __future__ import annotations

from collections.abc import Callable

import click
from flask import Flask

from app.metrics import entries, evaluating, queries, windows
from app.metrics.entries import CatalogueError


@click.group()
def metrics() -> None:
    """Figures: the catalogue and what it says."""


@metrics.command("check")
@click.pass_obj
def check(application: Callable[..., Flask]) -> None:
    """Name every wrong entry of the catalogue; a program with one does not start."""
    try:
        app = application(migrate=False)
    except CatalogueError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    with app.app_context():
        click.echo(f"{len(entries.catalogue())} 项指标，口径无误 / figures, every rule holds")


@metrics.command("show")
@click.argument("key")
@click.option("--window", "kind", type=click.Choice(list(windows.KINDS)), help="Default: the figure's usual window.")
@click.option("--at", help="A day (YYYY-MM-DD) in the week, month, quarter or year that is meant.")
@click.option("--from", "first", help="First day, with --window between.")
@click.option("--to", "last", help="Last day, with --window between.")
@click.option("--period", help="Which campaign or special period.")
@click.option("--by", help="Also by this column.")
@click.pass_obj
def show(
    application: Callable[..., Flask],
    key: str,
    kind: str | None,
    at: str | None,
    first: str | None,
    last: str | None,
    period: str | None,
    by: str | None,
) -> None:
    """Compute one figure over every record, whoever may see it."""
    app = application()
    metric = entries.catalogue().get(key)
    if metric is None:
        raise click.ClickException(f"没有这项指标 / no such figure: {key}")
    values = {"window": kind, "at": at, "from": first, "to": last, "period": period}
    question = queries.asked({name: value for name, value in values.items() if value})
    now = app.extensions["duban.clock"].now()
    with app.app_context(), app.extensions["duban.sessions"]() as session:
        figure = evaluating.figure(session, metric, None, question, now)
        parts = f"　{figure.part:,} / {figure.count:,}" if figure.part is not None else ""
        window = figure.window.text if figure.window else "—"
        click.echo(f"{metric.title}　{window}　{figure.text} {metric.unit}{parts}")
        if by and by not in metric.source.group:
            raise click.ClickException(f"--by: {', '.join(metric.source.group)}")
        for _key, name, one in evaluating.grouped(session, metric, by, None, question, now) if by else []:
            click.echo(f"  {name or '—'}　{one.text} {metric.unit}")
