"""SpiffWorkflow's own parser, in a process of its own with 10 seconds and 1 GB (parser_process.py).

It can hang or run out of stack on diagrams that look harmless, and it works on text from outside, so it gets
nothing: no environment, no database, no secret, only the files of the package.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from typing import TYPE_CHECKING

from app.engine.packages.parser import Stopped, parser

if TYPE_CHECKING:
    from app.engine.packages.package import Package

SECONDS = 10


class CompileError(Exception):
    """The parser does not take the package; in both languages, with the element where it is known."""

    def __init__(self, zh: str, en: str, element_id: str | None = None) -> None:
        self.zh, self.en, self.element_id = zh, en, element_id
        super().__init__(en)


def compile_package(package: Package, seconds: int = SECONDS) -> bytes:
    """The package's specs as text (see serializing.store_specs). Raises CompileError; never hangs."""
    files = {
        name: base64.b64encode(content).decode()
        for name, content in package.files.items()
        if name == "process.bpmn" or (name.startswith("decisions/") and name.endswith(".dmn"))
    }
    return _compiled(json.dumps({"key": package.key, "files": files, "seconds": seconds}))


@functools.lru_cache(maxsize=16)  # checking and deploying ask for the same within moments
def _compiled(order: str) -> bytes:
    seconds: int = json.loads(order)["seconds"]
    try:
        parsed, answer = parser.ask(order.encode(), seconds)
    except Stopped:
        raise _too_long(seconds) from None
    if parsed:
        return answer
    raise _error_of(answer)


def _too_long(seconds: int) -> CompileError:
    return CompileError(
        f"解析流程图超过 {seconds} 秒或 1 GB 内存，已中止，请简化流程图",
        f"Parsing the diagram took more than {seconds} seconds or 1 GB of memory and was stopped; simplify it",
    )


# What the parser says, and what that means to whoever drew the diagram.
_MEANINGS = (
    (r"not executable", "流程没有标记为可执行", "The process is not marked as executable"),
    (r"[Nn]o start event|one start event", "缺少唯一的开始事件", "Exactly one start event is needed"),
    (r"Must contain an End|must contain an End", "子流程缺少结束事件", "The sub-process has no end event"),
    (r"without condition", "连线缺少条件", "A flow out of the gateway has no condition"),
    (r"Multiple outgoing", "节点之后有多条连线，应使用网关", "Several flows leave a node that is no gateway"),
    (r"No DMN Diagram", "找不到所引用的决策表", "The decision that is referred to does not exist"),
    (r"must have an operator", "服务任务没有指定服务", "The service task names no service"),
    (r"no support|Unsupported", "不支持此元素", "This element is not supported"),
    (r"Time Specification", "定时事件缺少时间", "The timer has no time"),
    (r"Cannot resolve data", "数据关联指向不存在的对象", "A data association refers to nothing"),
    (r"Duplicate process", "流程编号重复", "A process id stands twice"),
    (r"Output Expression", "决策表的输出无法解析", "An output of the decision table does not parse"),
    (r"MemoryError|RecursionError|maximum recursion", "流程图过大或嵌套过深", "The diagram is too large or too deep"),
)


def _error_of(answer: bytes) -> CompileError:
    said = json.loads(answer)
    message, element_id = str(said["message"]), said["element_id"]
    for pattern, zh, en in _MEANINGS:
        if re.search(pattern, message):
            return CompileError(zh, en, element_id)
    short = message[:300]
    return CompileError(f"流程图无法解析：{short}", f"The diagram cannot be parsed: {short}", element_id)
