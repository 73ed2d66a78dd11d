"""What somebody has answered in the guide: kept as it was typed, read into a plan when it is complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from app.designer.drafts.editing import typed
from app.designer.drafts.schemas import is_key
from app.designer.gallery import fields
from app.designer.gallery.guided import APPROVE, HANDLE, Plan, Step
from app.i18n import _

MOST_STEPS = 12
Errors = dict[str, list[Any]]


@dataclass(frozen=True)
class GivenStep:
    """One row of the guide."""

    name: str = ""
    name_en: str = ""
    role: str = ""
    kind: str = HANDLE
    deadline: str = ""
    fields: str = ""


@dataclass(frozen=True)
class Given:
    """The guide as it was filled in. An empty `key` is proposed from the title."""

    title_zh: str = ""
    title_en: str = ""
    key: str = ""
    starters: Sequence[str] = ()
    fields: str = ""
    steps: Sequence[GivenStep] = field(default_factory=tuple)

    @classmethod
    def first(cls) -> Given:
        return cls(steps=(GivenStep(), GivenStep()))

    @classmethod
    def of(cls, form: MultiDict[str, str]) -> Given:
        count = min(form.get("steps", 0, type=int), MOST_STEPS)
        names = ("name", "name_en", "role", "kind", "deadline", "fields")
        steps = [GivenStep(*(typed(form.get(f"step{n}_{name}", "")) for name in names)) for n in range(count)]
        title = typed(form.get("title_zh", ""))
        key = form.get("key", "").strip() or (proposed_key(title) if title else "")
        starters = list(dict.fromkeys(form.getlist("starters")))
        return cls(title, typed(form.get("title_en", "")), key, starters, typed(form.get("fields", "")), steps)

    def other_steps(self, form: MultiDict[str, str]) -> Given | None:
        """With one step more or less, where that was asked for; None where the form was sent."""
        act = form.get("act", "")
        if act == "add":
            return replace(self, steps=[*self.steps, GivenStep()][:MOST_STEPS])
        if act.startswith("drop") and act[4:].isdecimal():
            return replace(self, steps=[one for n, one in enumerate(self.steps) if n != int(act[4:])])
        return None

    def plan(self, roles: Mapping[str, str], deadlines: Mapping[str, str]) -> tuple[Plan | None, Errors]:
        """The plan, or what is missing field by field."""
        errors: Errors = {}
        if not self.title_zh or len(self.title_zh) > 60:
            errors["title_zh"] = [_("请填写，最多 60 个字")]
        if not is_key(self.key):
            errors["key"] = [_("流程编号只能由小写字母、数字和“_”组成，以字母开头")]
        if not self.starters or not set(self.starters) <= roles.keys():
            errors["starters"] = [_("请选择由谁发起")]
        if not self.steps:
            errors["_steps"] = [_("至少要有一个步骤")]
        taken: set[str] = {f"decision_{number}" for number in range(1, MOST_STEPS + 1)}
        start, wrong = fields.read(self.fields, taken)
        if wrong:
            errors["fields"] = list(wrong)
        steps = [self._step(number, taken, roles, deadlines, errors) for number in range(len(self.steps))]
        if errors:
            return None, errors
        title_en = self.title_en or self.title_zh
        return Plan(self.key, self.title_zh, title_en, self.starters, start, steps), {}

    def _step(
        self, n: int, taken: set[str], roles: Mapping[str, str], deadlines: Mapping[str, str], errors: Errors
    ) -> Step:
        given = self.steps[n]
        asked, wrong = fields.read(given.fields, taken)
        if not given.name or len(given.name) > 60:
            errors[f"step{n}_name"] = [_("请填写，最多 60 个字")]
        if given.role not in roles:
            errors[f"step{n}_role"] = [_("请选择由谁办理")]
        if given.deadline and given.deadline not in deadlines:
            errors[f"step{n}_deadline"] = [_("没有这种期限")]
        if wrong:
            errors[f"step{n}_fields"] = list(wrong)
        kind = APPROVE if given.kind == APPROVE else HANDLE
        if kind == HANDLE and not asked and not wrong:
            asked = [fields.Field(fields.identifier(f"办理情况{n + 1}", taken, "field"), "办理情况", "textarea", True)]
        name_en = given.name_en or given.name
        return Step(given.name, name_en, given.role, kind, given.deadline, asked)


def proposed_key(title: str) -> str:
    """采购申请 → cai_gou_shen_qing."""
    return fields.identifier(title, set(), "process")


def labels(given: Given) -> dict[str, str]:
    """What the fields are called in the summary of errors."""
    found = {
        "title_zh": _("流程名称"), "key": _("流程编号"), "starters": _("由谁发起"), "fields": _("发起时填写"),
    }  # fmt: skip
    for n in range(len(given.steps)):
        words = {"name": _("名称"), "role": _("由谁办理"), "deadline": _("办理时限"), "fields": _("填写内容")}
        found |= {f"step{n}_{name}": _("第 %(n)s 步%(what)s", n=n + 1, what=what) for name, what in words.items()}
    return found
