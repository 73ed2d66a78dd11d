"""What the console calls things: statuses, kinds of incidents with their cause and remedy, timers, nodes, events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from app import web
from app.engine import Incident
from app.i18n import lazy_

STATUSES: dict[str, tuple[str, Any]] = {  # status → (glyph, word)
    "running": ("blue", lazy_("办理中")),
    "suspended": ("pause", lazy_("已中止")),
    "ended": ("done", lazy_("已办结")),
    "cancelled": ("none", lazy_("已作废")),
    "quarantined": ("red", lazy_("已隔离")),
}


@dataclass(frozen=True)
class Cause:
    """A kind of incident in plain words: what it is called, what has happened, what to do."""

    name: Any
    cause: Any
    remedy: Any


CAUSES: dict[str, Cause] = {
    "service": Cause(
        lazy_("自动步骤失败"),
        lazy_("系统自动办理的一步报错，本步所做的都已撤回，流程停在这一步。"),
        lazy_("系统会隔一段时间自动再试；排除原因后可以立即重试。"),
    ),
    "expression": Cause(
        lazy_("条件或取值算不出"),
        lazy_("流程图里的条件、取值或脚本用到的数据缺失，或者类型不对。"),
        lazy_("由安委办更正数据，或者部署改正后的流程版本，再重试。"),
    ),
    "timer": Cause(
        lazy_("定时没有办成"),
        lazy_("时限算不出来，或者到时要做的事没有做成。"),
        lazy_("检查期限规则、工作日历和升级流程是否可用，再重试。"),
    ),
    "address": Cause(
        lazy_("找不到办理人"),
        lazy_("这一步指定的单位、岗位或人员不存在或已停用，任务没有送到任何人。"),
        lazy_("补齐单位、岗位或人员，再重试。"),
    ),
    "budget": Cause(
        lazy_("一次推进的步数过多"),
        lazy_("流程可能在自动步骤之间空转，本次推进没有保存。"),
        lazy_("检查流程图里的循环，部署改正后的版本，再重试。"),
    ),
    "step": Cause(
        lazy_("推进时出错"),
        lazy_("推进流程时出错，本次推进没有保存，流程停在原处。"),
        lazy_("排除原因后重试。"),
    ),
    "state": Cause(
        lazy_("保存的状态与校验值不符"),
        lazy_("保存的状态被改动或损坏，本实例已隔离，不再办理，其他实例不受影响。"),
        lazy_("不要修改数据库；从备份核对，按 docs/operations.md 的恢复步骤处理。"),
    ),
    "stuck": Cause(
        lazy_("卡住"),
        lazy_("没有待办、定时、消息或异常可以推动它，但它没有办结。"),
        lazy_("重试会再推进一次；仍然卡住时检查流程图，必要时由安委办作废。"),
    ),
    "outbox": Cause(
        lazy_("投递失败"),
        lazy_("向外发送的消息多次失败。"),
        lazy_("在“投递与调度”里查看并重新投递。"),
    ),
}
_OTHER = Cause(lazy_("其他异常"), lazy_("流程没有办成的一件事。"), lazy_("排除原因后重试。"))

TIMERS: dict[str, Any] = {
    "event": lazy_("流程定时"),
    "remind": lazy_("临期提醒"),
    "overdue": lazy_("超期"),
    "ladder": lazy_("超期升级"),
}
TIMER_STATES: dict[str, tuple[str, Any]] = {
    "waiting": ("blue", lazy_("等待")),
    "fired": ("done", lazy_("已触发")),
    "cancelled": ("none", lazy_("已取消")),
    "failed": ("red", lazy_("失败")),
}
TASK_STATES: dict[str, tuple[str, Any]] = {
    "open": ("blue", lazy_("办理中")),
    "done": ("done", lazy_("已办")),
    "cancelled": ("none", lazy_("已撤销")),
}
NODES: dict[str, Any] = {
    "userTask": lazy_("人工步骤"),
    "manualTask": lazy_("人工步骤"),
    "serviceTask": lazy_("自动步骤"),
    "scriptTask": lazy_("脚本"),
    "businessRuleTask": lazy_("决策表"),
    "sendTask": lazy_("发送消息"),
    "receiveTask": lazy_("等待消息"),
    "subProcess": lazy_("子流程"),
    "callActivity": lazy_("调用流程"),
    "startEvent": lazy_("开始"),
    "endEvent": lazy_("结束"),
    "boundaryEvent": lazy_("边界事件"),
    "intermediateCatchEvent": lazy_("等待事件"),
    "intermediateThrowEvent": lazy_("发出事件"),
}
NODE_STATES: dict[str, tuple[str, Any]] = {
    "done": ("done", lazy_("已经过")),
    "now": ("blue", lazy_("在此")),
    "ahead": ("none", lazy_("未到")),
    "off": ("none", lazy_("未经过")),
}
DELIVERIES: dict[str, tuple[str, Any]] = {
    "failed": ("red", lazy_("投递失败")),
    "waiting": ("blue", lazy_("等待投递")),
    "sent": ("done", lazy_("已投递")),
    "discarded": ("none", lazy_("已放弃")),
}
EVENTS: dict[str, Any] = {
    "instance.started": lazy_("发起"),
    "instance.ended": lazy_("办结"),
    "instance.suspended": lazy_("中止"),
    "instance.resumed": lazy_("恢复"),
    "instance.cancelled": lazy_("作废"),
    "instance.amended": lazy_("更正"),
    "instance.data_edited": lazy_("改数据"),
    "instance.migrated": lazy_("迁移到新版本"),
    "instance.migration_undone": lazy_("撤回迁移"),
    "instance.token_moved": lazy_("移动令牌"),
    "task.created": lazy_("送达任务"),
    "task.claimed": lazy_("签收"),
    "task.unclaimed": lazy_("退回待签收"),
    "task.completed": lazy_("提交"),
    "task.cancelled": lazy_("撤销步骤"),
    "task.reassigned": lazy_("转办"),
    "task.delegated": lazy_("委派"),
    "task.handed_back": lazy_("交回"),
    "task.taken_back": lazy_("拿回"),
    "task.copied": lazy_("抄送"),
    "task.copy_withdrawn": lazy_("收回抄送"),
    "task.urged": lazy_("催办"),
    "task.commented": lazy_("评论"),
    "task.reminded": lazy_("临期提醒"),
    "task.overdue": lazy_("超期"),
    "task.escalated": lazy_("超期升级"),
    "task.rescheduled": lazy_("期限变动"),
    "task.extended": lazy_("延期"),
    "task.paused": lazy_("中止计时"),
    "task.resumed": lazy_("恢复计时"),
    "task.returned": lazy_("退回"),
    "task.withdrawn": lazy_("撤回"),
    "task.extension_requested": lazy_("申请延期"),
    "task.decided": lazy_("签署完毕"),
    "task.signer_added": lazy_("加签"),
    "task.signer_removed": lazy_("减签"),
    "timer.fired": lazy_("定时触发"),
    "children.called": lazy_("发起子流程"),
    "children.finished": lazy_("子流程都已结束"),
    "child.started": lazy_("子流程开始"),
    "child.ended": lazy_("子流程办结"),
    "child.cancelled": lazy_("子流程作废"),
    "child.failed": lazy_("子流程没有发起成功"),
    "message.sent": lazy_("发出消息"),
    "message.received": lazy_("收到消息"),
    "signal.sent": lazy_("发出信号"),
    "signal.received": lazy_("收到信号"),
    "timer.rescheduled": lazy_("改期"),
    "incident.raised": lazy_("出现异常"),
    "incident.retried": lazy_("重试失败"),
    "incident.resolved": lazy_("异常解除"),
}
WORKERS: dict[str, tuple[str, Any]] = {
    "alive": ("done", lazy_("在运行")),
    "busy": ("blue", lazy_("正在办理")),
    "stopped": ("none", lazy_("已停止")),
    "gone": ("red", lazy_("没有心跳")),
}
_FAULT = re.compile(r"^[A-Za-z_][\w.]{0,79}(?=:)")


def cause_of(kind: str) -> Cause:
    return CAUSES.get(kind, _OTHER)


def fault_of(incident: Incident) -> str:
    """The class of the error alone (`LookupError`): what follows it may quote what people wrote."""
    found = _FAULT.match(incident.message or "")
    return found[0] if found else ""


def node_kind(kind: str) -> str:
    return str(NODES.get(kind) or (lazy_("网关") if kind.endswith("Gateway") else kind))


def event_word(event: str) -> str:
    """What happened, in words; a slice's own events by the words it registered."""
    return str(EVENTS.get(event) or web.event_words.get(event) or event)
