"""Why an instance cannot move, and what changes for those that do: codes that are stored, words that are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.i18n import lazy_


@dataclass(frozen=True)
class Reason:
    """A code with what it speaks of. Stored as it is, so that it can be read in either language later."""

    code: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> Any:
        """In the reader's language."""
        return text_of(self.as_json())

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code} | ({"data": dict(self.data)} if self.data else {})


def text_of(stored: Mapping[str, Any] | None) -> Any:
    """The words of a stored reason; "" where there is none."""
    if not stored:
        return ""
    words = _WORDS.get(str(stored.get("code")))
    data = {"element": "", "detail": "", "before": "", "after": ""} | dict(stored.get("data") or {})
    return lazy_(words, **data) if words else str(stored.get("code"))


# A table of messages: `lazy_` finds them when they are shown, the extractor by the call around each.
def _(text: str) -> str:
    return text


_WORDS = {
    # cannot move
    "node_gone": _("新版本没有这个节点，也没有指定对应的节点"),
    "kind_changed": _("对应节点的类型不同"),
    "scope_changed": _("对应节点不在同一个子流程内"),
    "scope_gone": _("所在的子流程在新版本中已取消"),
    "signers_changed": _("多人签署的规则已改变，须待本轮签署结束"),
    "event_changed": _("等待的事件已改变"),
    "call_changed": _("调用的流程已改变"),
    "children_waiting": _("正在等待下级流程办结，而其调用方式已改变"),
    "branches_changed": _("并行分支的汇合方式已改变，迁移后将无法汇合或重复办理"),
    "event_going": _("此处事件引出的工作尚未办结，而新版本已取消该事件"),
    "tasks_changed": _("迁移会使正在办理的任务改变（%(element)s）"),
    "clock_changed": _("迁移会使正在计时的期限改变（%(element)s）"),
    "steps_fail": _("迁移后有步骤无法执行：%(detail)s"),
    "runs_service": _("迁移后会立即执行服务“%(element)s”，须先处理完该处的等待"),
    "no_rest": _("迁移后流程停不下来"),
    "not_restored": _("迁移后的状态不能原样恢复"),
    "not_running": _("此事项已不在办理中"),
    "suspended": _("此事项已中止，恢复后才能迁移"),
    "quarantined": _("此事项数据校验未通过，已停止办理"),
    "other_version": _("此事项已不在原版本上"),
    "damaged": _("此事项的数据校验未通过"),
    "busy": _("一直有人在办理此事项，多次重试未能迁移"),
    "fault": _("系统出错：%(detail)s"),
    "cancelled": _("迁移已停止"),
    # cannot be undone
    "gone_on": _("迁移以后已有新的办理，不能撤回"),
    "has_run": _("迁移时已有步骤自动执行，不能撤回"),
    "not_done": _("这一项没有迁移，无须撤回"),
    # what changes
    "renamed": _("名称由“%(before)s”改为“%(after)s”"),
    "moves_to": _("移到“%(element)s”"),
    "role_changed": _("办理岗位由 %(before)s 改为 %(after)s；已签收的仍由原办理人办理"),
    "form_changed": _("表单改为新版本，已填写的草稿保留"),
    "deadline_kept": _("期限由“%(before)s”改为“%(after)s”：正在计时的期限不变，今后开始的任务适用新期限"),
    "reminders_kept": _("提醒或提级规则已改变：在办任务仍按原规则，今后开始的任务适用新规则"),
    "verbs_changed": _("可用的办理方式已改变"),
    "timer_kept": _("定时由“%(before)s”改为“%(after)s”：已开始的计时不变"),
    "event_added": _("新增事件“%(element)s”，从迁移时起等待"),
    "event_removed": _("取消事件“%(element)s”，其等待随之结束"),
}
