"""A difference in words, in the present language: 整改复查：办理时限 由 5 工作日 改为 3 工作日."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.accounts.roles import role_name
from app.designer.comparing import vocabulary as words
from app.designer.comparing.comparison import ADDED, IDENTITY, LAYOUT, REMOVED, WRITING, Comparison, Difference
from app.designer.comparing.things import ORDER, Contents, Thing, written
from app.forms.condition_words import in_words as condition_words
from app.i18n import ENGLISH, _, bilingual, get_locale, lazy_, pick

LONGEST = 160  # characters of a value inside a sentence; the page shows the whole beside it
GROUPS: dict[str, Any] = {
    "process": lazy_("流程设置"),
    "steps": lazy_("步骤"),
    "flows": lazy_("连线"),
    "lanes": lazy_("泳道"),
    "messages": lazy_("消息与信号"),
    "forms": lazy_("表单"),
    "decisions": lazy_("判定表"),
    "scenarios": lazy_("场景"),
    "other": lazy_("其他"),
}
ASPECTS: dict[str, Any] = {
    "@name": lazy_("名称"),
    "@label": lazy_("名称"),
    "property.name_en": lazy_("英文名称"),
    "kind": lazy_("类型"),
    "within": lazy_("所在范围"),
    "lane": lazy_("泳道"),
    "property.role": lazy_("岗位"),
    "property.org": lazy_("承办单位"),
    "property.assignee": lazy_("指定办理人"),
    "property.policy": lazy_("办理方式"),
    "property.signers": lazy_("签署人"),
    "property.ratio": lazy_("通过比例"),
    "property.vote": lazy_("表决字段"),
    "property.agree": lazy_("视为同意的值"),
    "property.form": lazy_("表单"),
    "property.deadline": lazy_("办理时限"),
    "property.remind": lazy_("临期提醒"),
    "property.ladder": lazy_("超期升级"),
    "property.extension_process": lazy_("延期申请流程"),
    "property.cc": lazy_("抄送"),
    "property.checks": lazy_("提交前校验"),
    "property.allow": lazy_("允许的操作"),
    "property.statutory": lazy_("法定步骤"),
    "property.correlation": lazy_("关联对象"),
    "property.payload": lazy_("消息内容"),
    "property.variable": lazy_("接收变量"),
    "property.ttl": lazy_("消息保留时长"),
    "property.detached": lazy_("另行发起流程"),
    "property.wait": lazy_("等待结束"),
    "property.for_each": lazy_("逐项发起"),
    "property.inputs": lazy_("传入数据"),
    "property.outputs": lazy_("取回数据"),
    "property.result": lazy_("结果变量"),
    "property.complete_when": lazy_("提前结束条件"),
    "operator": lazy_("调用的服务"),
    "result": lazy_("服务结果变量"),
    "script": lazy_("脚本"),
    "pre_script": lazy_("办理前脚本"),
    "post_script": lazy_("提交后脚本"),
    "decision": lazy_("判定表"),
    "documentation": lazy_("说明"),
    "condition": lazy_("条件"),
    "event": lazy_("事件类型"),
    "event_ref": lazy_("消息或信号"),
    "event_timeDate": lazy_("定时时间"),
    "event_timeDuration": lazy_("定时时长"),
    "event_timeCycle": lazy_("定时循环"),
    "event_condition": lazy_("触发条件"),
    "@sourceRef": lazy_("起点"),
    "@targetRef": lazy_("终点"),
    "@default": lazy_("默认流向"),
    "@attachedToRef": lazy_("所在步骤"),
    "@cancelActivity": lazy_("中断步骤"),
    "@isInterrupting": lazy_("中断流程"),
    "@calledElement": lazy_("调用的流程"),
    "@isExecutable": lazy_("可执行"),
    "@processRef": lazy_("流程"),
    "@messageRef": lazy_("消息"),
    "title.zh": lazy_("名称"),
    "title.en": lazy_("英文名称"),
    "description.zh": lazy_("说明"),
    "description.en": lazy_("英文说明"),
    "description": lazy_("说明"),
    "starters": lazy_("可发起的岗位"),
    "start_form": lazy_("发起表单"),
    "instance_title": lazy_("事项标题"),
    "business_key": lazy_("编号"),
    "on_cancel": lazy_("作废时调用"),
    "on_amend": lazy_("更正时调用"),
    "on_clock": lazy_("时限变动时调用"),
    "on_return": lazy_("退回时调用"),
    "start_checks": lazy_("发起前校验"),
    "subject.kind": lazy_("对象类型"),
    "subject.id": lazy_("对象编号"),
    "scope.region": lazy_("数据范围：区域"),
    "scope.sector": lazy_("数据范围：领域"),
    "scope.supervising": lazy_("数据范围：监管单位"),
    "scope.responsible": lazy_("数据范围：责任单位"),
    "label.zh": lazy_("名称"),
    "label.en": lazy_("英文名称"),
    "help.zh": lazy_("填写提示"),
    "help.en": lazy_("英文填写提示"),
    "text.zh": lazy_("内容"),
    "text.en": lazy_("英文内容"),
    "text": lazy_("内容"),
    "unit.zh": lazy_("单位"),
    "unit.en": lazy_("英文单位"),
    "required": lazy_("必填"),
    "default": lazy_("默认值"),
    "visible_if": lazy_("显示条件"),
    "wide": lazy_("占整行"),
    "fixed": lazy_("只读"),
    "min": lazy_("最小值"),
    "max": lazy_("最大值"),
    "min_length": lazy_("最少字数"),
    "max_length": lazy_("最多字数"),
    "pattern": lazy_("格式"),
    "decimals": lazy_("小数位数"),
    "min_items": lazy_("最少项数"),
    "max_items": lazy_("最多项数"),
    "repeat": lazy_("可重复"),
    "phrases": lazy_("常用语"),
    "source": lazy_("选项来源"),
    "picker": lazy_("选择范围"),
    "role": lazy_("岗位"),
    "org": lazy_("单位"),
    "org_kind": lazy_("单位类型"),
    "table@hitPolicy": lazy_("命中策略"),
    "inputExpression/text": lazy_("取值"),
    "inputExpression@typeRef": lazy_("数据类型"),
    "@typeRef": lazy_("数据类型"),
    "inputValues/text": lazy_("取值范围"),
    "outputValues/text": lazy_("取值范围"),
    f"{ORDER}.fields": lazy_("字段顺序"),
    f"{ORDER}.options": lazy_("选项顺序"),
    f"{ORDER}.rules": lazy_("行的顺序"),
    f"{ORDER}.input": lazy_("条件列顺序"),
    f"{ORDER}.output": lazy_("结果列顺序"),
    ORDER: lazy_("判断先后"),
    "clock": lazy_("开始时间"),
}
_UNSAID = ("kind", "name_en", "@name", "@label", "property.name_en", "within", "@id", "event@id")  # of what was added


@dataclass(frozen=True)
class Line:
    """One sentence. `old` and `new` are there whole where the sentence had to shorten them."""

    change: str
    text: str
    old: str = ""
    new: str = ""


class Wording:
    """The words for one comparison."""

    def __init__(self, comparison: Comparison, office: words.Office) -> None:
        self.comparison, self.office = comparison, office

    # -- things

    def title(self, thing: Thing) -> str:
        """整改复查, or where something has no name what it is: 从 定级 到 下达 的连线."""
        contents = self.contents(thing)
        name = bilingual(thing.name, thing.name_en)
        if thing.kind == "sequenceFlow":
            told = contents.of(thing)
            ends = {end: self.named(told.get(f"@{end}Ref", ""), contents, thing.file) for end in ("source", "target")}
            way = _("“%(source)s”到“%(target)s”", **ends)
            return _("%(way)s（%(name)s）", way=way, name=name) if name else way
        if thing.kind == "rule":
            return _("第 %(n)s 行", n=thing.parent) + (f" {name}" if name else "")
        if thing.kind == "field":
            form = contents.find(thing.file, "")
            return name if form is None else _("%(form)s：%(field)s", form=self.title(form), field=name)
        if thing.kind in ("input", "output"):
            return name or thing.id
        if name:
            return name
        return _("%(kind)s %(id)s", kind=self.kind(thing), id=thing.id) if thing.id else self.kind(thing)

    def kind(self, thing: Thing) -> str:
        return str(words.KINDS.get(thing.kind, thing.kind))

    def group(self, name: str) -> str:
        return str(GROUPS[name])

    def contents(self, thing: Thing) -> Contents:
        return self.comparison.after if thing.key in self.comparison.after.things else self.comparison.before

    def named(self, identity: str, contents: Contents, file: str) -> str:
        """What a diagram refers to by its id."""
        found = contents.find(file, identity) or self.comparison.before.find(file, identity)
        return self.title(found) if found is not None else identity

    # -- sentences

    def line(self, one: Difference) -> Line:
        """What has changed, without the name of the thing."""
        if one.aspect == LAYOUT:
            return Line(one.change, _("调整了图的排布，内容不变"))
        if one.aspect == WRITING:
            return Line(one.change, _("只改了文件的写法，内容不变"))
        if one.aspect == IDENTITY:
            return Line(one.change, _("编号由 %(old)s 改为 %(new)s", old=one.old, new=one.new))
        if one.aspect is None:
            return self._whole(one)
        if one.aspect == "text" and one.thing.kind == "unreadable":
            return Line(one.change, _("内容有改动"), one.old or "", one.new or "")
        what = self.aspect(one.aspect, one.thing)
        if one.aspect.startswith(ORDER):
            old, new = (
                self.value(one.aspect, one.old or "", one, False),
                self.value(one.aspect, one.new or "", one, True),
            )
            return self._said(
                one, _("%(what)s改为 %(new)s（原为 %(old)s）", what=what, old=cut(old), new=cut(new)), old, new
            )
        old = self.value(one.aspect, one.old, one, False) if one.old is not None else ""
        new = self.value(one.aspect, one.new, one, True) if one.new is not None else ""
        if one.old is None:
            return self._said(one, _("增加%(what)s：%(new)s", what=what, new=cut(new) or _("空")), old, new)
        if one.new is None:
            return self._said(one, _("取消%(what)s（原为 %(old)s）", what=what, old=cut(old) or _("空")), old, new)
        if old == new:  # the same in words, written otherwise
            old, new = one.old, one.new
        text = _("%(what)s 由 %(old)s 改为 %(new)s", what=what, old=cut(old) or _("空"), new=cut(new) or _("空"))
        return self._said(one, text, old, new)

    def sentence(self, one: Difference) -> str:
        """The whole sentence, the thing named."""
        colon = ": " if get_locale() == ENGLISH else "："
        return f"{self.title(one.thing)}{colon}{self.line(one).text}"

    def _said(self, one: Difference, text: str, old: str, new: str) -> Line:
        long = any("\n" in value or len(value) > LONGEST for value in (old, new))
        return Line(one.change, text, old if long else "", new if long else "")

    def _whole(self, one: Difference) -> Line:
        thing, contents = one.thing, self.contents(one.thing)
        kind = self.kind(thing)
        verb = _("新增%(kind)s", kind=kind) if one.change == ADDED else _("删除%(kind)s", kind=kind)
        inner = [inner for inner in contents.things.values() if inner.file == thing.file and inner is not thing]
        if not thing.id and inner and thing.kind in ("form", "decision"):
            named = [self._inner(part) for part in inner if part.kind in ("field", "input", "output", "rule")]
            return Line(one.change, f"{verb}{_('（')}{words.listed(named)}{_('）')}" if named else verb)
        if thing.kind == "scenario":
            return Line(one.change, verb)
        told = [
            f"{self.aspect(aspect, thing)} {cut(self.value(aspect, value, one, one.change != REMOVED), 60)}"
            for aspect, value in contents.of(thing).items()
            if aspect not in _UNSAID
            and not aspect.startswith((ORDER, "incoming", "outgoing"))
            and value
            and "@" not in aspect.lstrip("@")
        ]
        semicolon = "; " if get_locale() == ENGLISH else "；"
        return Line(one.change, verb + (f"{_('（')}{semicolon.join(told)}{_('）')}" if told else ""))

    def _inner(self, thing: Thing) -> str:
        return bilingual(thing.name, thing.name_en) or self.title(thing)

    # -- aspects and values

    def aspect(self, name: str, thing: Thing) -> str:
        head, _dot, rest = name.partition(".")
        if name == "name":
            return _("字段名")
        if head == "kind" and thing.kind == "field":
            return _("字段类型")
        if name in ASPECTS:
            return str(ASPECTS[name])
        if head == "param":
            return _("服务参数 %(name)s", name=rest)
        if head == "param_type":
            return _("服务参数 %(name)s 的类型", name=rest)
        if head == "option":
            return _("选项 %(value)s", value=rest)
        if head == "facts":
            return _("统计项 %(name)s", name=rest)
        if head == "cell":
            column = self.contents(thing).find(thing.file, rest) or self.comparison.before.find(thing.file, rest)
            return _("“%(column)s”", column=self.title(column) if column else rest)
        if thing.kind == "scenario":
            return _("“%(path)s”一项", path=name)
        return _("“%(path)s”", path=name)

    def value(self, aspect: str, value: str, one: Difference, after: bool) -> str:
        contents = self.comparison.after if after else self.comparison.before
        head, _dot, _rest = aspect.partition(".")
        if head == "option":
            return _option(value)
        if aspect.startswith(ORDER):
            return " → ".join(self._place(aspect, identity, one.thing, contents) for identity in value.split("\n"))
        if aspect == "kind" and one.thing.kind == "field":
            return str(words.FIELD_KINDS.get(value, value))
        if aspect in ("property.form", "start_form"):
            form = contents.find(f"forms/{value}.json", "")
            return self.title(form) if form else value
        if aspect == "decision":
            return next((self.title(t) for t in contents.things.values() if _decision_id(t, contents) == value), value)
        if aspect in _REFERS:
            return words.listed(self.named(identity, contents, one.thing.file) for identity in value.split("\n"))
        if aspect in ("visible_if", "required"):
            return self._condition(value, one.thing, contents)
        writer = self._writers().get(aspect)
        return writer(value) if writer else value

    def _place(self, aspect: str, identity: str, thing: Thing, contents: Contents) -> str:
        if aspect == f"{ORDER}.options":
            return identity
        found = contents.find(thing.file, identity)
        if found is None:
            return identity
        return (
            self._inner(found) if found.kind in ("field", "rule", "input", "output") else self._branch(found, contents)
        )

    def _branch(self, flow: Thing, contents: Contents) -> str:
        """A way out of a gateway, by its name or where it leads."""
        name = bilingual(flow.name, flow.name_en)
        return name or self.named(contents.of(flow).get("@targetRef", ""), contents, flow.file)

    def _condition(self, value: str, thing: Thing, contents: Contents) -> str:
        try:
            condition = json.loads(value)
        except ValueError:
            return value
        names = {
            one.id.rpartition(".")[2]: bilingual(one.name, one.name_en)
            for one in contents.things.values()
            if one.file == thing.file and one.kind == "field"
        }

        def say(name: str, value: Any) -> str:
            for one in contents.things.values():
                if one.file == thing.file and one.kind == "field" and one.id.rpartition(".")[2] == name:
                    return _label(contents.of(one).get(f"option.{written(value)}", ""))
            return ""

        return condition_words(condition, names, say)

    def _writers(self) -> dict[str, Callable[[str], str]]:
        office = self.office
        return {
            "kind": lambda value: str(words.KINDS.get(value, value)),
            "property.role": role_name,
            "property.deadline": office.deadline,
            "property.remind": words.reminders,
            "property.ladder": office.ladder,
            "property.extension_process": office.process,
            "property.cc": words.copies,
            "property.allow": words.verbs,
            "property.policy": lambda value: str(words.POLICIES.get(value, value)),
            "property.statutory": words.yes_no,
            "property.detached": words.yes_no,
            "property.wait": words.yes_no,
            "property.ttl": words.duration,
            "event": lambda value: str(words.TYPES.get(value, value)),
            "event_timeDuration": office.deadline,
            "event_timeDate": office.deadline,
            "@calledElement": office.process,
            "@cancelActivity": words.yes_no,
            "@isInterrupting": words.yes_no,
            "@isExecutable": words.yes_no,
            "starters": words.roles,
            "inputs": words.of_list,
            "start_checks": words.of_list,
            "default": default_words,
            "fixed": words.yes_no,
            "wide": words.yes_no,
            "repeat": words.yes_no,
            "role": role_name,
        }


_REFERS = ("lane", "within", "@sourceRef", "@targetRef", "@default", "@attachedToRef", "event_ref", "@messageRef")


def cut(text: str, longest: int = LONGEST) -> str:
    """A value inside a sentence: one line, not endless."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _option(value: str) -> str:
    try:
        option = json.loads(value)
    except ValueError:
        return value
    label = option.get("label")
    if not isinstance(label, dict):
        return str(label or value)
    tone = {"green": _("绿色"), "red": _("红色")}.get(option.get("tone", ""), "")
    return "（".join(filter(None, (f"{label.get('zh')} / {label.get('en')}", f"{tone}）" if tone else "")))


def _label(option: str) -> str:
    """What the option is called, in the present language."""
    try:
        return pick(json.loads(option).get("label"))
    except ValueError:
        return ""


def default_words(value: str) -> str:
    """A default as the form editor would have it: a value, or the variable that it is taken from."""
    try:
        given = json.loads(value)
    except ValueError:
        return value
    if isinstance(given, dict) and set(given) == {"from"}:
        return _("取自变量 %(name)s", name=given["from"])
    return value


def _decision_id(thing: Thing, contents: Contents) -> str | None:
    return contents.of(thing).get("@id") if thing.kind == "decision" else None
