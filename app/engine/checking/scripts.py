"""Script tasks, and the scripts before and after a step."""

from __future__ import annotations

from app.engine.checking.desk import Desk
from app.engine.checking.forms import reserved
from app.engine.checking.variables import lint_script
from app.engine.packages.diagram import B, S


def check(desk: Desk) -> None:
    if desk.root is None:
        return
    for node in desk.diagram.nodes.values():
        if node.kind == "scriptTask" and not (node.script or "").strip():
            desk.add("script_missing", "脚本任务没有脚本", "The script task has no script", at=node)
    for tag, zh, en in (
        (f"{B}script", "脚本", "the script"),
        (f"{S}preScript", "步骤前脚本", "the script before the step"),
        (f"{S}postScript", "步骤后脚本", "the script after the step"),
    ):
        for element in desk.root.iter(tag):
            text = element.text or ""
            if not text.strip():
                continue
            lint_script(desk, text, zh, en, element=element)
            if desk.language.script_problem(text) is None:
                for name in sorted(desk.language.script_names(text)[1]):
                    reserved(desk, name, element=element)
