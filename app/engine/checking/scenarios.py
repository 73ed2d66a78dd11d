"""Scenario files: read strictly, so that a misspelt expectation is not one that always holds."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.clock import SHANGHAI
from app.engine.checking.desk import Desk, quoted
from app.engine.packages.call_words import STATUSES
from app.engine.packages.deadline_text import DeadlineTextError, parse_offset
from app.engine.packages.package import Package

_TOP = frozenset({"title", "clock", "people", "start", "step", "expect"})
_START = frozenset({"by", "data"})
_STEP = frozenset(
    {"complete", "by", "answers", "refused", "advance", "until", "message", "correlation", "signal", "payload",
     "child", "index", "status", "data", "expect_open", "expect_fired", "expect_waiting"}
)  # fmt: skip
_ACTS = ("complete", "advance", "until", "message", "signal", "child")
_OF_CHILD = ("index", "status", "data")
_EXPECT = frozenset({"path", "never", "facts", "data", "end", "open", "children"})
MAX_STEPS = 200


class ScenarioError(ValueError):
    """The file is no scenario; in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)


@dataclass(frozen=True)
class Step:
    """One thing that happens, and what is expected to be so afterwards."""

    complete: str | None = None
    by: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    advance: str | None = None
    until: dt.datetime | None = None
    message: str | None = None
    correlation: str = ""
    signal: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    child: str | None = None  # the node whose children are over
    index: int | None = None  # which of them, from 0; without, all that run
    status: str = "ended"
    data: Mapping[str, Any] = field(default_factory=dict)  # what the child knew in the end
    waiting: tuple[str, ...] | None = None
    open: tuple[str, ...] | None = None
    fired: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Scenario:
    """Given this start, these steps and this clock, expect this."""

    file: str
    title: Mapping[str, str]
    clock: dt.datetime
    starter: str
    data: Mapping[str, Any]
    steps: tuple[Step, ...]
    expect: Mapping[str, Any]
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # who holds a role


def check(desk: Desk) -> None:
    for file, content in _files(desk.package).items():
        try:
            scenario = read_scenario(file, content)
        except ScenarioError as wrong:
            desk.add("scenario", wrong.zh, wrong.en, file=file)
            continue
        for role in sorted(scenario.people.keys() - desk.roles):
            desk.add("scenario", f"没有名为 {role} 的角色", f"There is no role called {role}", file=file)
        for node in _nodes(scenario) - desk.diagram.nodes.keys() if desk.root is not None else ():
            said = f"图中没有节点“{node}”", f"There is no node {node!r} in the diagram"
            desk.add("scenario", *said, file=file, about=node)


def read_scenarios(package: Package) -> list[Scenario]:
    """Every scenario of a package. Raises ScenarioError, which the check would have named."""
    return [read_scenario(file, content) for file, content in _files(package).items()]


def _files(package: Package) -> dict[str, bytes]:
    return {f"scenarios/{name}.toml": content for name, content in package.named("scenarios", ".toml").items()}


def _nodes(scenario: Scenario) -> set[str]:
    expect = scenario.expect
    named = {node for step in scenario.steps for node in (step.complete, step.child) if node}
    named |= set(expect.get("children", {}))
    named |= {node for step in scenario.steps for node in [*(step.open or ()), *(step.waiting or ())]}
    named |= {fired.split()[1] for step in scenario.steps for fired in step.fired or () if " " in fired}
    named |= {node for word in ("path", "never", "open") for node in expect.get(word, ())}
    return named | ({expect["end"]} if "end" in expect else set())


def read_scenario(file: str, content: bytes) -> Scenario:
    try:
        data = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as wrong:
        reason = str(wrong)[:200]
        raise ScenarioError(f"场景文件无法读取：{reason}", f"The scenario cannot be read: {reason}") from None
    _known(data, _TOP, "")
    start, expect, steps = _table(data, "start"), _table(data, "expect"), data.get("step", [])
    _known(start, _START, "start.")
    _known(expect, _EXPECT, "expect.")
    if not isinstance(steps, list) or len(steps) > MAX_STEPS or not all(isinstance(step, dict) for step in steps):
        raise ScenarioError(f"step 应为不超过 {MAX_STEPS} 项的列表", f"step must be a list of at most {MAX_STEPS}")
    _table(expect, "children")
    if not expect:
        raise ScenarioError("缺少 [expect]：没有写明预期结果", "There is no [expect]: nothing is expected")
    for word in ("path", "never", "open"):
        if word in expect:
            _names(expect[word], f"expect.{word}")
    title = data.get("title", "")
    return Scenario(
        file=file,
        title=title if isinstance(title, dict) else {"zh": str(title), "en": str(title)},
        clock=_instant(data.get("clock"), "clock"),
        starter=str(start.get("by") or "somebody"),
        data=_table(start, "data"),
        steps=tuple(_step(step, f"step {number}") for number, step in enumerate(steps, 1)),
        expect=expect,
        people={role: _names(names, f"people.{role}") for role, names in _table(data, "people").items()},
    )


def _step(given: Mapping[str, Any], where: str) -> Step:
    _known(given, _STEP, f"{where}: ")
    acts = [word for word in _ACTS if word in given]
    if len(acts) != 1:
        raise ScenarioError(
            f"{where}：{'、'.join(_ACTS)} 须有且只有一个", f"{where}: exactly one of {', '.join(_ACTS)}"
        )
    advance = given.get("advance")
    if advance is not None:
        try:
            if parse_offset(advance).before:
                raise ScenarioError(f"{where}：时钟不能后退", f"{where}: the clock does not go back")
        except DeadlineTextError as wrong:
            raise ScenarioError(f"{where}：{wrong.zh}", f"{where}: {wrong.en}") from None
    return Step(
        complete=given.get("complete"),
        by=given.get("by"),
        answers=_table(given, "answers"),
        refused=_names(given.get("refused", []), f"{where}: refused"),
        advance=advance,
        until=_instant(given["until"], f"{where}: until") if "until" in given else None,
        message=_text(given, "message", where),
        correlation=str(given.get("correlation", "")),
        signal=_text(given, "signal", where),
        payload=_table(given, "payload"),
        child=_text(given, "child", where),
        **_of_child(given, where),
        waiting=_names(given["expect_waiting"], f"{where}: expect_waiting") if "expect_waiting" in given else None,
        open=_names(given["expect_open"], f"{where}: expect_open") if "expect_open" in given else None,
        fired=_names(given["expect_fired"], f"{where}: expect_fired") if "expect_fired" in given else None,
    )


def _of_child(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """How children end."""
    index, status = given.get("index"), given.get("status", "ended")
    if "child" not in given and (found := [name for name in _OF_CHILD if name in given]):
        raise ScenarioError(f"{where}：{found[0]} 只用于 child", f"{where}: {found[0]} belongs to child")
    if index is not None and (not isinstance(index, int) or isinstance(index, bool) or index < 0):
        raise ScenarioError(f"{where}：index 应为从 0 起的序号", f"{where}: index must be a number from 0")
    if status not in STATUSES:
        raise ScenarioError(f"{where}：status 应为 {quoted(STATUSES)}", f"{where}: status is one of {quoted(STATUSES)}")
    return {"index": index, "status": status, "data": _table(given, "data")}


def _text(given: Mapping[str, Any], name: str, where: str) -> str | None:
    value = given.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise ScenarioError(f"{where}：{name} 应为文字", f"{where}: {name} must be a text")
    return value


def _known(data: Mapping[str, Any], keys: frozenset[str], where: str) -> None:
    for name in data.keys() - keys:
        raise ScenarioError(
            f"没有“{where}{name}”这一项；可用：{quoted(keys)}",
            f"There is no {where}{name}; there are {quoted(keys)}",
        )


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name, {})
    if not isinstance(found, dict):
        raise ScenarioError(f"{name} 应为一组值", f"{name} must be a table")
    return found


def _names(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ScenarioError(f"{where} 应为文字的列表", f"{where} must be a list of texts")
    return tuple(value)


def _instant(value: Any, where: str) -> dt.datetime:
    try:
        at = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ScenarioError(
            f"{where} 应为时间，如 2026-04-09T14:20", f"{where} must be an instant like 2026-04-09T14:20"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)
