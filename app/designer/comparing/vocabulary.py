"""What values are called in the office: roles, deadline rules, limits, and whatever a diagram refers to by an id."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.accounts.roles import role_name
from app.calendars.words import clock_span, days_text
from app.engine import DeadlineTextError, parse_deadline, parse_duration, parse_offset
from app.i18n import ENGLISH, _, bilingual, get_locale, lazy_

Limit = tuple[str, str, int, str]  # name zh, name en, amount, unit


POLICIES = {
    "single": lazy_("一人办理"),
    "pool": lazy_("一人办理（待签收）"),
    "all": lazy_("会签"),
    "any": lazy_("或签"),
    "ratio": lazy_("票签"),
    "veto": lazy_("一票否决"),
    "in_turn": lazy_("依次签"),
}
VERBS = {
    "claim": lazy_("签收"),
    "reassign": lazy_("转办"),
    "delegate": lazy_("委派"),
    "cc": lazy_("抄送"),
    "urge": lazy_("催办"),
    "comment": lazy_("评论"),
    "return": lazy_("退回"),
    "withdraw": lazy_("撤回"),
    "pause": lazy_("中止计时"),
    "sign": lazy_("加签减签"),
}
TYPES = {
    "timer": lazy_("定时"),
    "message": lazy_("消息"),
    "signal": lazy_("信号"),
    "conditional": lazy_("条件"),
    "error": lazy_("错误"),
    "escalation": lazy_("升级"),
    "terminate": lazy_("终止"),
    "link": lazy_("链接"),
}
KINDS = {
    "userTask": lazy_("人工步骤"),
    "manualTask": lazy_("人工步骤"),
    "serviceTask": lazy_("自动步骤"),
    "scriptTask": lazy_("脚本步骤"),
    "businessRuleTask": lazy_("判定步骤"),
    "sendTask": lazy_("发送步骤"),
    "receiveTask": lazy_("接收步骤"),
    "subProcess": lazy_("子流程"),
    "callActivity": lazy_("调用流程"),
    "startEvent": lazy_("开始"),
    "endEvent": lazy_("结束"),
    "boundaryEvent": lazy_("边界事件"),
    "intermediateCatchEvent": lazy_("等待事件"),
    "intermediateThrowEvent": lazy_("发出事件"),
    "exclusiveGateway": lazy_("排他网关"),
    "parallelGateway": lazy_("并行网关"),
    "inclusiveGateway": lazy_("包容网关"),
    "eventBasedGateway": lazy_("事件网关"),
    "sequenceFlow": lazy_("连线"),
    "lane": lazy_("泳道"),
    "participant": lazy_("流程池"),
    "message": lazy_("消息"),
    "signal": lazy_("信号"),
    "error": lazy_("错误"),
    "escalation": lazy_("升级"),
    "manifest": lazy_("流程设置"),
    "process": lazy_("流程图"),
    "definitions": lazy_("流程图文件"),
    "form": lazy_("表单"),
    "field": lazy_("字段"),
    "decision": lazy_("判定表"),
    "input": lazy_("条件列"),
    "output": lazy_("结果列"),
    "rule": lazy_("行"),
    "scenario": lazy_("场景"),
    "textAnnotation": lazy_("说明文字"),
    "file": lazy_("文件"),
    "unreadable": lazy_("文件"),
}
FIELD_KINDS = {
    "text": lazy_("单行文字"),
    "textarea": lazy_("多行文字"),
    "number": lazy_("数字"),
    "money": lazy_("金额"),
    "date": lazy_("日期"),
    "datetime": lazy_("日期和时间"),
    "select": lazy_("下拉选择"),
    "radio": lazy_("单选"),
    "checkbox": lazy_("勾选"),
    "checklist": lazy_("多选"),
    "user": lazy_("人员"),
    "organisation": lazy_("单位"),
    "subject": lazy_("监管对象"),
    "photos": lazy_("照片"),
    "files": lazy_("附件"),
    "group": lazy_("字段组"),
    "note": lazy_("提示文字"),
}


@dataclass(frozen=True)
class Office:
    """The titles that stand outside of a package: deadline rules by code, processes by key."""

    rules: Mapping[str, Limit] = field(default_factory=dict)
    processes: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def process(self, key: str) -> str:
        return bilingual(*self.processes[key]) if key in self.processes else key

    def deadline(self, text: str) -> str:
        """`work_days(5)` → 5 工作日; the code of a rule → what it is called, with its length."""
        try:
            found = parse_deadline(text)
        except DeadlineTextError:
            return text
        if found.rule is not None:
            return self.rule(found.rule)
        if found.duration is not None:
            return duration(text)
        if found.kind == "until":
            return _("至 %(what)s", what=found.expression)
        if found.kind in ("work_days", "days"):
            written = found.expression if found.count is None else None
            return counted(found.kind, found.count or 0) if written is None else expressed(found.kind, written)
        return text

    def rule(self, code: str) -> str:
        if code not in self.rules:
            return code
        zh, en, amount, unit = self.rules[code]
        name, length = bilingual(zh, en), counted(unit, amount)
        if _squeezed(length) in _squeezed(name):
            return name
        return _("%(name)s（%(length)s）", name=name, length=length)

    def ladder(self, text: str) -> str:
        def rung(part: str) -> str:
            offset, _colon, process = part.partition(":")
            return f"{offset_text(offset)} {_('发起')} {self.process(process.strip())}"

        return listed(part for part in (rung(one) for one in text.split(";") if one.strip()))


def counted(unit: str, amount: int) -> str:
    if unit == "days":
        return days_text(amount)
    if unit == "work_days":
        return _("1 个工作日") if amount == 1 else _("%(n)s 个工作日", n=amount)
    return _("%(n)s 小时", n=amount) if unit == "hours" else _("%(n)s 个月", n=amount)


def expressed(unit: str, expression: str) -> str:
    return _("%(n)s 个工作日", n=expression) if unit == "work_days" else _("%(n)s 天", n=expression)


def duration(text: str) -> str:
    """An ISO duration in words; as it stands where it is none."""
    try:
        found = parse_duration(text)
    except DeadlineTextError:
        return text
    parts = [_("%(n)s 个月", n=found.months)] if found.months else []
    parts += [days_text(found.days)] if found.days else []
    parts += [clock_span(found.seconds)] if found.seconds else []
    return " ".join(parts) or text


def offset_text(text: str) -> str:
    """`-3 work_days` → 提前 3 工作日."""
    try:
        found = parse_offset(text.strip())
    except DeadlineTextError:
        return text.strip()
    bare = text.strip().lstrip("+-").strip()
    length = counted(found.unit, abs(found.count)) if found.unit else duration(bare)
    return _("提前 %(length)s", length=length) if found.before else _("之后 %(length)s", length=length)


def reminders(text: str) -> str:
    return listed(offset_text(part) for part in text.split(";") if part.strip())


def copies(text: str) -> str:
    def copy(part: str) -> str:
        role, _at, org = part.partition("@")
        return role_name(role.strip()) + (f"（{org.strip()}）" if org.strip() else "")

    return listed(copy(part) for part in text.split(";") if part.strip())


def verbs(text: str) -> str:
    return listed(
        str(VERBS.get(verb, verb))
        for verb in text.replace(";", ",").replace("，", ",").split(",")
        for verb in [verb.strip()]
        if verb
    )


def roles(text: str) -> str:
    """A list of role keys as JSON."""
    return of_list(text, role_name)


def of_list(text: str, name: Callable[[str], str] = str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return (listed(name(str(item)) for item in value) or _("无")) if isinstance(value, list) else text


def listed(parts: object) -> str:
    return (", " if get_locale() == ENGLISH else "、").join(parts)  # type: ignore[arg-type]


def yes_no(text: str) -> str:
    return {"true": _("是"), "false": _("否")}.get(text.lower(), text)


def _squeezed(text: str) -> str:
    return text.replace(" ", "").replace("个", "").lower()
