"""The figures as one HTML page without anything from elsewhere: a table, and a plot for each sample as SVG."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence
from html import escape

from app.bench.measure import Figure

_WIDTH, _HEIGHT, _MARGIN = 640, 180, 44
_STYLE = """
body{font:15px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem;color:#1c2430}
table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;border-bottom:1px solid #d9dee5;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}.good{color:#1a7f43}.bad{color:#b3261e}
figure{margin:1.5rem 0}figcaption{font-size:.9rem;color:#55606e}svg{width:100%;height:auto}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#dfe5ec}td,th{border-color:#2c3542}}
"""


def page(figures: Sequence[Figure], made_at: dt.datetime, database: str) -> str:
    """The whole report."""
    rows = "".join(_row(figure) for figure in figures)
    plots = "".join(_plot(figure) for figure in figures if len(figure.samples) > 9)
    machine = f"{platform.machine()}, {os.cpu_count()} CPU, Python {platform.python_version()}, {database}"
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>督办 · 测速报告</title>'
        f"<style>{_STYLE}</style><h1>测速报告 <small>Duban bench</small></h1>"
        f"<p>{escape(made_at.isoformat(timespec='minutes'))} · {escape(machine)}</p>"
        f"<table><tr><th>项目</th><th>指标</th><th>结果</th><th>要求</th></tr>{rows}</table>{plots}</html>\n"
    )


def _row(figure: Figure) -> str:
    held = "" if figure.limit is None else f"{'≥' if figure.at_least else '≤'} {figure.limit:g}"
    mark = {None: "", True: ' class="good"', False: ' class="bad"'}[figure.good]
    return (
        f"<tr><td>{escape(figure.bench)}</td><td>{escape(figure.name)}</td>"
        f'<td class="n">{figure.value:,.2f} {escape(figure.unit)}</td><td{mark}>{held}</td></tr>'
    )


def _plot(figure: Figure) -> str:
    """How the durations are spread: the share of the sample (x) that took at most so many milliseconds (y)."""
    ranked = sorted(figure.samples)
    top = ranked[-1] or 1.0
    width, height = _WIDTH - 2 * _MARGIN, _HEIGHT - _MARGIN
    points = " ".join(
        f"{_MARGIN + width * index / (len(ranked) - 1):.1f},{height - (height - 12) * value / top:.1f}"
        for index, value in enumerate(ranked)
    )
    marks = "".join(
        f'<text x="{_MARGIN + width * share:.0f}" y="{height + 18}" text-anchor="middle">{label}</text>'
        for share, label in ((0, "0"), (0.5, "50 %"), (0.95, "95 %"))
    )
    axes = f"M{_MARGIN} 8V{height}H{_WIDTH - _MARGIN}"
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(figure.name)}" font-size="11" '
        f'fill="currentColor"><path d="{axes}" fill="none" stroke="currentColor" opacity=".4"/>'
        f'<polyline points="{points}" fill="none" stroke="#2f6fde" stroke-width="1.5"/>{marks}'
        f'<text x="4" y="16">{top:.1f} ms</text><text x="4" y="{height}">0</text></svg>'
        f"<figcaption>{escape(figure.bench)}: {escape(figure.name)} (n = {len(ranked):,})</figcaption></figure>"
    )
