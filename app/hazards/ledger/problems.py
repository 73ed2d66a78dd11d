"""What can be wrong or peculiar about a row, in words. Kept as code and values: either language can be shown later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.hazards.ledger.headings import LABELS
from app.hazards.ledger.workbook import address
from app.i18n import CHINESE, ENGLISH, _, filled, get_locale, lazy_, set_locale

ERRORS = {
    # any cell
    "missing": lazy_("没有填写"),
    "too_long": lazy_("最多 %(n)s 个字，现有 %(length)s 个字"),
    "cell_error": lazy_("单元格是错误值 %(value)s，改为实际内容"),
    "formula_without_result": lazy_("是公式“%(value)s”，没有计算结果，改为实际内容"),
    # code and name of the subject
    "code_digits_lost": lazy_("“%(value)s”是数字格式，信用代码的末几位已经丢失，把单元格设为文本后重新填写"),
    "number_digits_lost": lazy_("“%(value)s”是数字格式，末几位已经丢失，把单元格设为文本后重新填写"),
    "code_length": lazy_("“%(value)s”应为 18 位，现为 %(n)s 位"),
    "code_check": lazy_("“%(value)s”校验位不符，核对后重新填写"),
    "code_other_name": lazy_("这个信用代码登记的是“%(name)s”，与本行名称“%(value)s”不符"),
    "code_two_names": lazy_("同一信用代码在第 %(row)s 行写作“%(name)s”，核对是哪一家"),
    "name_other_code": lazy_("“%(name)s”登记的信用代码是 %(code)s，与本行不符"),
    "subject_unknown": lazy_("没有登记“%(value)s”；填写统一社会信用代码、镇街和领域可自动登记"),
    "subject_unknown_near": lazy_(
        "没有登记“%(value)s”，是否“%(near)s”；确是另一家的，填写统一社会信用代码、镇街和领域可自动登记"
    ),
    "subject_ambiguous": lazy_("名为“%(value)s”的监管对象不止一个，填写统一社会信用代码"),
    "subject_elsewhere": lazy_("“%(value)s”不在您的管辖范围，或者编号已在其他辖区登记"),
    "subject_closed": lazy_("“%(name)s”已注销，不能登记新隐患"),
    # dictionaries
    "town_unknown": lazy_("没有这个镇街：“%(value)s”"),
    "town_unknown_near": lazy_("没有这个镇街：“%(value)s”，是否“%(near)s”"),
    "village_unknown": lazy_("%(town)s没有这个村居：“%(value)s”"),
    "village_unknown_near": lazy_("%(town)s没有这个村居：“%(value)s”，是否“%(near)s”"),
    "sector_unknown": lazy_("没有这个领域：“%(value)s”"),
    "sector_unknown_near": lazy_("没有这个领域：“%(value)s”，是否“%(near)s”"),
    "supervisor_unknown": lazy_("没有这个监管部门：“%(value)s”"),
    "supervisor_unknown_near": lazy_("没有这个监管部门：“%(value)s”，是否“%(near)s”"),
    "supervisor_missing": lazy_("这个领域没有牵头部门，写明监管部门"),
    "outside_scope": lazy_("“%(name)s”的这项隐患不在您的管辖范围"),
    # days
    "day_unreadable": lazy_("日期“%(value)s”看不懂，应如 2026-4-9"),
    "no_such_day": lazy_("没有“%(value)s”这一天"),
    "day_out_of_range": lazy_("日期“%(value)s”应在 2000 年至 2099 年之间"),
    "found_in_future": lazy_("检查日期 %(value)s 晚于今天"),
    "due_before_found": lazy_("整改期限 %(value)s 早于检查日期 %(found)s"),
    # grade and state
    "grade_unknown": lazy_("隐患级别“%(value)s”看不懂，写“一般”或“重大”"),
    "status_unknown": lazy_("“%(value)s”看不出是否已经整改完成，写“已完成”或“整改中”"),
    "status_contradicts": lazy_("写有完成时间 %(done)s，状态却是“%(value)s”，核对是否已经整改完成"),
    # rows against each other
    "number_repeated": lazy_("隐患编号“%(value)s”与第 %(row)s 行相同，内容不同"),
    # when the process was started
    "refused": lazy_("登记时未通过：%(value)s"),
}
SKIPS = {
    "closed": lazy_("已整改完成，不再登记"),
    "total": lazy_("合计行"),
    "foot": lazy_("表尾说明"),
    "repeated": lazy_("与第 %(row)s 行重复"),
}
NOTES = {
    "formula_result": lazy_("是公式，取计算结果“%(value)s”"),
    "formula_text": lazy_("以公式符号开头，按文字登记：“%(value)s”"),
    "hidden_row": lazy_("该行在表中已隐藏，照常读取"),
    "name_differs": lazy_("登记的名称是“%(name)s”，按登记的名称"),
    "town_differs": lazy_("登记的属地是%(name)s，按登记的属地"),
    "subject_new": lazy_("“%(value)s”尚未登记，将自动登记"),
    "due_from_span": lazy_("“%(value)s”按 %(due)s 计"),
    "year_assumed": lazy_("“%(value)s”没有写年份，按 %(day)s 计"),
    "overdue": lazy_("整改期限 %(due)s 已过，登记后即为超期"),
    "changed": lazy_("已导入，台账内容后来有改动，没有更新"),
}
TEXTS: dict[str, Any] = {**ERRORS, **SKIPS, **NOTES}


@dataclass(frozen=True)
class Problem:
    """One remark about a row: what is wrong (ERRORS), why it is left out (SKIPS) or what to know (NOTES)."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    column: int | None = None  # from 0
    heading: str = ""  # as the file has it
    field: str = ""  # headings.LABELS: for what the file has no column

    @property
    def is_error(self) -> bool:
        return self.code in ERRORS

    @property
    def message(self) -> str:
        """The words alone, in the present language."""
        return filled(str(TEXTS[self.code]), dict(self.values))

    def in_cell(self, row: int) -> str:
        """“企业名称”（C12）：没有填写"""
        if self.column is not None:
            place = address(row, self.column)
            return _("“%(heading)s”（%(place)s）：%(text)s", heading=self.heading, place=place, text=self.message)
        if self.field:
            return _("“%(heading)s”：%(text)s", heading=LABELS[self.field], text=self.message)
        return self.message

    def as_data(self) -> dict[str, Any]:
        return {**vars(self), "values": dict(self.values)}

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Problem:
        return Problem(**data)


def row_text(row: int, problems: list[Problem], sheet: str = "") -> str:
    """第 12 行 “企业名称”（C12）：没有填写；… in the present language; the sheet where a file has several."""
    texts = "；".join(problem.in_cell(row) for problem in problems)
    if sheet:
        return _("表“%(sheet)s”第 %(row)s 行　%(problems)s", sheet=sheet, row=row, problems=texts)
    return _("第 %(row)s 行　%(problems)s", row=row, problems=texts)


def in_both(row: int, problems: list[Problem], sheet: str = "") -> str:
    """The same in Chinese and English, for the command line."""
    before, texts = get_locale(), []
    try:
        for locale in (CHINESE, ENGLISH):
            set_locale(locale)
            texts.append(row_text(row, problems, sheet))
    finally:
        set_locale(before)
    return " / ".join(dict.fromkeys(texts))
