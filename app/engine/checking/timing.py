"""Everything with a clock: deadlines, reminders, ladders, and the timers that are drawn."""

from __future__ import annotations

import difflib
from typing import Any

from app.engine.checking.desk import Desk, quoted
from app.engine.checking.variables import lint
from app.engine.packages.deadline_text import DeadlineTextError, parse_cycle, parse_deadline, parse_offset
from app.engine.packages.diagram import Event, Node
from app.engine.packages.words import Words, words_of


def check(desk: Desk) -> None:
    for node in desk.diagram.nodes.values():
        if node.is_human:
            _step(desk, node)
        for event in node.events:
            if event.kind == "timer":
                _timer(desk, node, event)


def _step(desk: Desk, node: Node) -> None:
    words = words_of(node.properties)
    if words.deadline:
        _deadline(desk, words.deadline, "deadline", "期限", "the deadline", at=node)
    elif words.remind or words.ladder:
        desk.add(
            "deadline_missing",
            "有提醒或逐级督办，却没有期限（属性 deadline）",
            "There are reminders or a ladder, but no deadline",
            at=node,
        )
    for text in words.remind:
        _offset(desk, node, "remind", text)
    offsets: list[str] = []
    for rung in words.ladder:
        _offset(desk, node, "ladder", rung.offset)
        if rung.offset in offsets:
            desk.add(
                "ladder",
                f"逐级督办的时限“{rung.offset}”重复",
                f"The ladder has the offset {rung.offset!r} twice",
                at=node,
            )
        offsets.append(rung.offset)
        _process(desk, node, rung.process)
    if words.extension_process:
        _extension(desk, node, words)


def _process(desk: Desk, node: Node, process: str) -> None:
    if not process:
        desk.add(
            "ladder",
            "逐级督办的每一项应写成“+3 work_days: 流程”",
            "Each rung of a ladder reads '+3 work_days: process'",
            at=node,
        )
    else:
        _known(desk, node, process, "ladder_process", "逐级督办", "The ladder")


def _extension(desk: Desk, node: Node, words: Words) -> None:
    """A request for extension asks to move the due instant, so there must be one."""
    if not words.deadline:
        desk.add(
            "deadline_missing",
            "可申请延期，却没有期限（属性 deadline）",
            "An extension may be asked for, but there is no deadline",
            at=node,
        )
    _known(desk, node, words.extension_process or "", "extension_process", "延期申请", "A request for extension")


def _known(desk: Desk, node: Node, process: str, code: str, zh: str, en: str) -> None:
    if process in desk.known:
        return
    near = difflib.get_close_matches(process, desk.known, 1)
    desk.add(
        code,
        f"{zh}要启动的流程“{process}”不存在",
        f"{en} starts the process {process!r}, which does not exist",
        about=process,
        at=node,
        fix=(f"是否为 {near[0]}？", f"Is it {near[0]}?")
        if near
        else (f"已有：{quoted(desk.known)}", f"There are: {quoted(desk.known)}"),
    )


def _offset(desk: Desk, node: Node, word: str, text: str) -> None:
    try:
        offset = parse_offset(text)
    except DeadlineTextError as wrong:
        _wrong(desk, word, text, wrong, at=node)
        return
    if word == "ladder" and offset.before:
        desk.add(
            word,
            f"逐级督办的“{text}”应在期限之后",
            f"In the ladder, {text!r} must lie after the deadline",
            at=node,
        )


def _deadline(desk: Desk, text: str, code: str, zh: str, en: str, **where: Any) -> None:
    """A deadline's text, and the expression inside `until(…)`, `work_days(…)`, `days(…)`."""
    try:
        read = parse_deadline(text, desk.rules)
    except DeadlineTextError as wrong:
        near = difflib.get_close_matches(text, desk.rules, 1)
        _wrong(desk, code, text, wrong, (f"是否为 {near[0]}？", f"Is it {near[0]}?") if near else None, **where)
        return
    if read.expression is not None:
        lint(desk, read.expression, zh, en, **where)


def _wrong(
    desk: Desk,
    code: str,
    text: str,
    wrong: DeadlineTextError,
    fix: tuple[str, str] | None = None,
    **where: Any,
) -> None:
    desk.add(
        code,
        f"时限“{text[:80]}”不对：{wrong.zh}",
        f"The time {text[:80]!r} is wrong: {wrong.en}",
        about=text,
        fix=fix
        or (
            "例如：P3D、PT24H、work_days(5)、until(变量)、期限规则名",
            "For instance: P3D, PT24H, work_days(5), until(variable), the name of a rule",
        ),
        **where,
    )


def _timer(desk: Desk, node: Node, event: Event) -> None:
    if event.form is None or not event.text:
        desk.add("timer", "定时事件没有写时间", "The timer has no time", at=node)
    elif event.form == "timeCycle":
        _cycle(desk, node, event.text)
    else:
        _deadline(desk, event.text, "timer", "定时事件", "the timer", at=node)


def _cycle(desk: Desk, node: Node, text: str) -> None:
    if node.kind != "boundaryEvent" or node.interrupting:
        desk.add(
            "timer_cycle",
            "循环定时只能用于非中断的边界事件",
            "A repeating timer belongs on a boundary event that does not interrupt",
            at=node,
        )
    try:
        cycle = parse_cycle(text, desk.rules)
    except DeadlineTextError as wrong:
        _wrong(desk, "timer_cycle", text, wrong, ("例如：R3/P7D", "For instance: R3/P7D"), at=node)
        return
    if cycle.start is not None and cycle.start.expression is not None:
        lint(desk, cycle.start.expression, "循环定时的起点", "the start of the repeating timer", at=node)
