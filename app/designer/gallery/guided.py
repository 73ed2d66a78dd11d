"""A new process from a few answers: who starts it, its steps with role, deadline and form. Runnable as it comes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.designer.drafts.editing import toml_text
from app.designer.gallery.drawing import Spot, Way, drawn
from app.designer.gallery.fields import Field

HANDLE, APPROVE = "handle", "approve"


@dataclass(frozen=True)
class Step:
    """One step of a person. Of an approval the answer no ends the process."""

    name: str
    name_en: str
    role: str
    kind: str = HANDLE
    deadline: str = ""
    fields: Sequence[Field] = ()


@dataclass(frozen=True)
class Plan:
    key: str
    title_zh: str
    title_en: str
    starters: Sequence[str]
    fields: Sequence[Field]  # of the start form
    steps: Sequence[Step] = field(default_factory=tuple)


def package_files(plan: Plan) -> dict[str, bytes]:
    """The files of the process, with a scenario of the way to its end."""
    files = {
        "process.toml": _manifest(plan).encode(),
        "process.bpmn": _diagram(plan),
        "scenarios/to_the_end.toml": _scenario(plan).encode(),
    }
    if plan.fields:
        files["forms/start.json"] = _form(plan.title_zh, plan.title_en, plan.fields)
    for number, step in enumerate(plan.steps, start=1):
        files[f"forms/step_{number}.json"] = _form(step.name, step.name_en, step.fields, _decision(number, step))
    return files


def _decision(number: int, step: Step) -> list[dict[str, object]]:
    if step.kind != APPROVE:
        return []
    options = [
        {"value": "agree", "label": {"zh": "同意", "en": "Agree"}, "tone": "green"},
        {"value": "refuse", "label": {"zh": "不同意", "en": "Refuse"}, "tone": "red"},
    ]
    label = {"zh": "意见", "en": "Decision"}
    return [{"name": f"decision_{number}", "kind": "radio", "required": True, "label": label, "options": options}]


def _form(zh: str, en: str, fields: Sequence[Field], before: Sequence[Mapping[str, object]] = ()) -> bytes:
    specs = [*before, *(one.as_spec() for one in fields)]
    form = {"title": {"zh": zh, "en": en}, "fields": specs}
    return json.dumps(form, ensure_ascii=False, indent=2).encode() + b"\n"


def _manifest(plan: Plan) -> str:
    more = 'start_form = "start"\n' if plan.fields else ""
    named = next((one for one in plan.fields if one.kind == "text"), None)
    title = named.name if named else json.dumps(plan.title_zh, ensure_ascii=False)
    more += f"instance_title = {json.dumps(title, ensure_ascii=False)}\n"
    asked = [*plan.fields, *(one for step in plan.steps for one in step.fields)]
    facts = [one.name for one in asked if one.is_promoted]
    facts += [f"decision_{number}" for number, step in enumerate(plan.steps, start=1) if step.kind == APPROVE]
    if facts:
        more += "\n[facts]\n" + "".join(f'{name} = "{name}"\n' for name in facts)
    return toml_text(plan.key, plan.title_zh, plan.title_en, plan.starters, more)


def _diagram(plan: Plan) -> bytes:
    spots = [Spot("start", "startEvent", "发起", "Start", 0)]
    ways: list[Way] = []
    column, before = 1.0, "start"
    refused = False
    for number, step in enumerate(plan.steps, start=1):
        id = f"step_{number}"
        words = {"role": step.role, "form": id} | ({"deadline": step.deadline} if step.deadline else {})
        spots.append(Spot(id, "userTask", step.name, step.name_en, column, 0, words))
        ways.append(_way(before, id))
        before, column = id, column + 1
        if step.kind == APPROVE:
            gate = f"agreed_{number}"
            default = {"default": f"{gate}_to_refused"}
            spots.append(Spot(gate, "exclusiveGateway", "同意？", "Agreed?", column - 0.1, attributes=default))
            ways += [Way(id, gate), Way(gate, "refused", "不同意", "Refused")]
            if not refused:
                spots.append(Spot("refused", "endEvent", "不同意", "Refused", column - 0.1, 1))
            refused, before, column = True, gate, column + 0.9
    spots.append(Spot("finished", "endEvent", "办结", "Finished", column))
    ways.append(_way(before, "finished"))
    return drawn(plan.key, plan.title_zh, spots, ways)


def _way(before: str, id: str) -> Way:
    if not before.startswith("agreed_"):
        return Way(before, id)
    return Way(before, id, "同意", "Agreed", f"decision_{before.removeprefix('agreed_')} == 'agree'")


def _scenario(plan: Plan) -> str:
    lines = ['title = { zh = "办到底", en = "To the end" }', 'clock = "2026-04-09T14:20"', "", "[start]"]
    lines.append(f'by = "{plan.starters[0]}"')
    if plan.fields:
        lines.append(f"data = {_answers({one.name: one.sample for one in plan.fields})}")
    for number, step in enumerate(plan.steps, start=1):
        answers = {one.name: one.sample for one in step.fields}
        if step.kind == APPROVE:
            answers[f"decision_{number}"] = "agree"
        lines += ["", "[[step]]", f'complete = "step_{number}"', f"answers = {_answers(answers)}"]
    path = [f"step_{number}" for number in range(1, len(plan.steps) + 1)]
    lines += ["", "[expect]", f"path = {json.dumps([*path, 'finished'])}", "open = []", 'end = "finished"', ""]
    return "\n".join(lines)


def _answers(answers: Mapping[str, object]) -> str:
    return (
        "{ " + ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in answers.items()) + " }"
    )
