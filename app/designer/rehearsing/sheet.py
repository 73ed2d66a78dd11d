"""The form of assumptions: prefilled figures in the office's words, and what was sent as a model.

A step on the clock of the office is written in working hours, one that takes its time in days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.designer.rehearsing import words
from app.engine import LONGEST_REHEARSED_STEP, Outline, Priors, RehearsalModel, RehearsalStep, key_of
from app.i18n import _, pick

DAY = 24.0
LEAST_SEEN = 5  # cases from which something is told
OFFICE, NATURAL, MESSAGE, CHILDREN = "office", "natural", "message", "children"


@dataclass(frozen=True)
class Share:
    """One option and how often it is chosen."""

    name: str
    label: str
    value: str
    tone: str = ""


@dataclass(frozen=True)
class Question:
    label: str
    shares: list[Share]
    error: Any = None


@dataclass(frozen=True)
class Line:
    """A step of the form. `source` says where its figures come from."""

    id: str
    title: str
    role: str
    kind: str
    source: str
    clock: str
    median: str
    p90: str
    busy: str
    chance: str
    beside: bool
    questions: list[Question]


@dataclass(frozen=True)
class Post:
    """A role with its people."""

    key: str
    title: str
    people: str
    hours: str


@dataclass
class Sheet:
    """`sent` is what a form was sent with; it stands in the fields again if it was refused."""

    outline: Outline
    model: RehearsalModel
    priors: Priors
    sent: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, Any] = field(default_factory=dict)

    def value(self, name: str, usual: Any) -> str:
        return self.sent.get(name, usual if isinstance(usual, str) else _written(usual))

    @property
    def lines(self) -> list[Line]:
        return [self._line(node_id) for node_id in self.outline.waits]

    @property
    def tasks(self) -> list[Line]:
        return [line for line in self.lines if line.kind == "task"]

    @property
    def waits(self) -> list[Line]:
        return [line for line in self.lines if line.kind != "task"]

    @property
    def posts(self) -> list[Post]:
        found = []
        for key in self.outline.roles:
            usual = self.model.roles[key]
            name = f"roles.{key}"
            found.append(
                Post(
                    key,
                    words.role(key),
                    self.value(f"{name}.people", usual.people),
                    self.value(f"{name}.hours", usual.hours),
                )
            )
        return found

    @property
    def beginnings(self) -> list[Share]:
        """The ways in which cases begin, where there are several."""
        profiles = self.outline.profiles
        if len(profiles) < 2:
            return []
        return [
            Share(f"starts.{n}", str(pick(one.title)), self.value(f"starts.{n}", self.model.starts[n]))
            for n, one in enumerate(profiles)
        ]

    @property
    def came(self) -> str:
        """Where the rate comes from."""
        if self.priors.a_year < LEAST_SEEN or self.priors.since is None:
            return _("没有足够的历史，按 20 件估计")
        return _("%(day)s 以来 %(n)s 件", day=self.priors.since.isoformat(), n=f"{self.priors.a_year:,}")

    @property
    def labels(self) -> dict[str, str]:
        """What an error is about, by the field's name."""
        found = {
            "start": _("起始日期"), "days": _("期间（天）"), "count": _("件数"), "seed": _("随机种子"),
            "loops": _("循环提示次数"), "starts": _("发起情形"), "per": _("件数怎么定"), "rate": _("平均件数"),
        }  # fmt: skip
        for line in self.lines:
            for part, label in (
                ("median", _("一般用时")),
                ("p90", _("九成不超过")),
                ("busy", _("其中占用")),
                ("chance", _("发生的百分比")),
            ):
                found[f"steps.{line.id}.{part}"] = f"{line.title} {label}"
            for question in line.questions:
                for share in question.shares:
                    found[share.name] = f"{line.title} {question.label} {share.label}"
        for post in self.posts:
            found[f"roles.{post.key}.people"] = f"{post.title} {_('人数')}"
            found[f"roles.{post.key}.hours"] = f"{post.title} {_('每天小时')}"
        return found

    def _line(self, node_id: str) -> Line:
        wait, step = self.outline.waits[node_id], self.model.steps[node_id]
        name = f"steps.{node_id}"
        clock = self.value(f"{name}.clock", step.clock)
        unit = DAY if step.clock == NATURAL else 1.0
        node = wait.node
        return Line(
            id=node_id,
            title=str(pick({"zh": node.name or node_id, "en": node.name_en or node.name or node_id})),
            role=words.role(wait.role) if wait.kind == "task" else "",
            kind=wait.kind,
            source=self._source(node_id),
            clock=clock,
            median=self.value(f"{name}.median", step.median / unit),
            p90=self.value(f"{name}.p90", step.p90 / unit),
            busy=self.value(f"{name}.busy", step.busy),
            chance=self.value(f"{name}.chance", step.chance * 100),
            beside=wait.beside,
            questions=[*self._answers(node_id, step), *self._outcomes(node_id, step)],
        )

    def _source(self, node_id: str) -> str:
        if seen := self.priors.seen.get(node_id):
            return _("历史 %(n)s 件", n=seen)
        return _("按时限推算") if self.outline.waits[node_id].words.deadline else _("默认值")

    def _answers(self, node_id: str, step: RehearsalStep) -> Iterator[Question]:
        wait = self.outline.waits[node_id]
        for choice in wait.choices:
            if choice.name in wait.deciding:
                name = f"steps.{node_id}.answers.{choice.name}"
                given = step.answers.get(choice.name, {})
                shares = [
                    Share(
                        f"{name}.{key_of(value)}",
                        str(pick(label)),
                        self.value(f"{name}.{key_of(value)}", given.get(key_of(value), 0.0)),
                        tone,
                    )
                    for value, label, tone in choice.options
                ]
                yield Question(str(pick(choice.label)), shares, self.errors.get(name))

    def _outcomes(self, node_id: str, step: RehearsalStep) -> Iterator[Question]:
        outcomes = self.outline.waits[node_id].outcomes
        if len(outcomes) < 2:
            return
        name = f"steps.{node_id}.outcomes"
        shares = [
            Share(f"{name}.{n}", _told(one.data, one.status), self.value(f"{name}.{n}", step.outcomes[n]))
            for n, one in enumerate(outcomes)
        ]
        yield Question(_("带回的结果"), shares, self.errors.get(name))


def model_data(sheet: Sheet, sent: Mapping[str, str]) -> dict[str, Any]:
    """What was sent, as JSON has a model; what the form does not ask stays as proposed."""
    found = sheet.model.as_dict()
    for name in ("start", "days", "count", "seed", "loops", "arrivals", "per", "rate"):
        if name in sent:
            found[name] = sent[name].strip()
    for node_id, step in found["steps"].items():
        _step_sent(f"steps.{node_id}", step, sent)
    for key, capacity in found["roles"].items():
        for part in ("people", "hours"):
            capacity[part] = sent.get(f"roles.{key}.{part}", capacity[part])
    found["starts"] = [sent.get(f"starts.{n}", weight) for n, weight in enumerate(found["starts"])]
    return found


def _step_sent(name: str, step: dict[str, Any], sent: Mapping[str, str]) -> None:
    step["clock"] = sent.get(f"{name}.clock", step["clock"])
    unit = DAY if step["clock"] == NATURAL else 1.0
    for part, factor in (("median", unit), ("p90", unit), ("busy", 1.0), ("chance", 0.01)):
        if (text := sent.get(f"{name}.{part}")) is not None:
            step[part] = _times(text, factor)
    for field_name, options in step["answers"].items():
        for key in options:
            options[key] = sent.get(f"{name}.answers.{field_name}.{key}", options[key])
    step["outcomes"] = [sent.get(f"{name}.outcomes.{n}", weight) for n, weight in enumerate(step["outcomes"])]


def complete(given: RehearsalModel, proposed: RehearsalModel) -> RehearsalModel:
    """An earlier model on a package that may have changed since: what it does not know is taken as proposed."""
    steps = {}
    for node_id, step in proposed.steps.items():
        known = given.steps.get(node_id)
        if known is None or len(known.outcomes) != len(step.outcomes):
            steps[node_id] = step
            continue
        answers = {
            name: known.answers[name] if known.answers.get(name, {}).keys() == options.keys() else options
            for name, options in step.answers.items()
        }
        steps[node_id] = RehearsalStep(
            known.clock, known.median, known.p90, known.busy, known.chance, answers, known.outcomes
        )
    roles = {key: given.roles.get(key, capacity) for key, capacity in proposed.roles.items()}
    starts = given.starts if len(given.starts) == len(proposed.starts) else proposed.starts
    return RehearsalModel(
        start=proposed.start, count=given.count, days=given.days, seed=given.seed, arrivals=given.arrivals,
        per=given.per, rate=given.rate, loops=given.loops, steps=steps, roles=roles, starts=starts,
    )  # fmt: skip


def _times(text: str, factor: float) -> Any:
    """What is no number stays as it was written, for the refusal to name."""
    try:
        return round(float(text) * factor, 4)
    except ValueError:
        return text


def _written(value: Any) -> str:
    """Two places; of less than a tenth two digits, so that a few minutes in days are not written as 0."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.2g}" if 0 < abs(value) < 0.1 else f"{round(value, 2):g}"


def _within(hours: Any) -> bool:
    """Whether it is something else that is wrong with a duration."""
    return isinstance(hours, float) and 0.01 <= hours <= LONGEST_REHEARSED_STEP


def in_days(errors: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """The refusals, with the limits of a duration in days where it was asked for in days: the model has hours."""
    found = dict(errors)
    for node_id, step in model["steps"].items():
        for part in ("median", "p90"):
            name = f"steps.{node_id}.{part}"
            if step["clock"] == NATURAL and name in found and not _within(step[part]):
                high = f"{LONGEST_REHEARSED_STEP / DAY:g}"
                found[name] = [_("应为 %(low)s 至 %(high)s 之间的数", low="0.0005", high=high)]
    return found


def _told(data: Mapping[str, Any], status: str) -> str:
    shown = "，".join(
        f"{name} = {value}" for name, value in data.items() if isinstance(value, (str, int, float)) and value != ""
    )
    ended = {"cancelled": _("撤销"), "failed": _("失败")}.get(status, "")
    return " ".join(filter(None, (ended, shown[:80]))) or _("没有内容")
