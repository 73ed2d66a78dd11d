"""What the analysis found, in words, each with an input for which it is so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.designer.decisions.analysis import FAILS, GAP, NEVER, OVERLAP, Finding
from app.designer.decisions.regions import Domain, Region
from app.designer.decisions.table import Table
from app.i18n import ENGLISH, _, get_locale


@dataclass(frozen=True)
class Said:
    """`tone` is red for what cannot be meant, amber for what may be. `rows` are numbers from 1, to point at."""

    tone: str
    text: str
    example: str
    values: Mapping[str, Any]
    rows: tuple[int, ...]


def say(finding: Finding, table: Table) -> Said:
    rows = finding.rows
    example = listed(f"{name} = {written(value)}" for name, value in finding.example.items())
    if finding.kind == OVERLAP:
        text = _("第 %(a)s 行和第 %(b)s 行同时适用，“只有一行适用”不成立；执行时取第 %(a)s 行", a=rows[0], b=rows[1])
        return Said("red", text, example, finding.example, rows)
    if finding.kind == NEVER and len(rows) > 1:
        above = listed(str(row) for row in rows[1:])
        text = _("第 %(row)s 行永远用不上：它的情况已全部由上面的第 %(above)s 行决定", row=rows[0], above=above)
        return Said("red", text, "", {}, rows[:1])
    if finding.kind == NEVER:
        return Said("red", _("第 %(row)s 行永远用不上：没有满足它的取值", row=rows[0]), "", {}, rows)
    if finding.kind == FAILS:
        column = table.inputs[(finding.column or 1) - 1]
        text = _(
            "第 %(row)s 行的“%(column)s”遇到这样的取值算不出，整张表没有结果",
            row=rows[0],
            column=column.label or column.text,
        )
        return Said("red", text, example, finding.example, rows)
    assert finding.kind == GAP
    names = {column.text: column.label or column.text for column in table.inputs}
    where = listed(f"{names[name]} {any_of(parts)}" for name, parts in finding.where.items() if name in names)
    text = _("没有一行适用：%(where)s", where=where) if where else _("没有一行适用")
    return Said("amber", text, example, finding.example, ())


def any_of(parts: Sequence[Region]) -> str:
    """Neighbouring regions in one: 大于 5 且小于 10, or "a"、"b"."""
    words = [region_words(part) for part in parts]
    return (" / " if get_locale() == ENGLISH else "／").join(words[:6]) + ("…" if len(words) > 6 else "")


def region_words(region: Region) -> str:
    if region.low is not None and region.high is not None:
        return _("%(low)s 与 %(high)s 之间", low=written(region.low), high=written(region.high))
    if region.high is not None:
        return _("小于 %(n)s", n=written(region.high))
    if region.low is not None:
        return _("大于 %(n)s", n=written(region.low))
    return _("其他") if region.other else written(region.value)


def written(value: Any) -> str:
    """A value as people write it into the box for trying out."""
    if value is None:
        return _("空")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def assumed(domain: Domain) -> str:
    """By which values an input was looked at."""
    empty = _("，可为空") if domain.empty else ""
    if domain.closed is not None:
        what = _("只有 %(n)s 种取值", n=len(domain.closed))
    elif domain.low is not None or domain.high is not None:
        low, high = domain.low, domain.high
        what = _("取值 %(low)s 至 %(high)s", low="…" if low is None else low, high="…" if high is None else high)
    else:
        kinds = {
            "number": _("任意数字"),
            "integer": _("任意整数"),
            "text": _("任意文字"),
            "boolean": _("是或否"),
            "date": _("任意日期"),
        }
        what = kinds.get(domain.kind or "", _("按单元格判断类型"))
    return what + empty + (_("（按表单 %(form)s）", form=domain.form) if domain.form else "")


def listed(parts: Any) -> str:
    return (", " if get_locale() == ENGLISH else "，").join(parts)
