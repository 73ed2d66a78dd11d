"""The two acts of an operator on what is inside an instance."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.task import Task
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor, record
from app.engine.core import Core
from app.engine.models import HumanTask
from app.engine.running.acts.amend import Amend
from app.engine.running.acts.named import call_named
from app.engine.running.checkout import Turn, load_turn
from app.engine.running.migrating.branches import meetings, worse
from app.engine.running.moving.ways import BACK, Obstacle, obstacle_to, put, targets_of, tokens_to_move
from app.engine.running.services import as_json
from app.i18n import lazy_

_TASK = HumanTask.__table__


def require_rev(turn: Turn, rev: int | None) -> None:
    """What the operator saw is what there is."""
    if rev is not None and turn.instance["rev"] != rev:
        raise errors.Conflict(lazy_("此事项已有变化，请按最新情况办理"), status="changed", rev=turn.instance["rev"])


@dataclass
class MoveToken:
    """移动令牌: what it was doing ends, and the target begins, with deadlines of its own."""

    actor: Actor
    instance_id: str
    from_node: str
    to_node: str
    reason: str
    rev: int | None
    direction: str = ""
    between: tuple[str, ...] = ()

    def open(self, engine: Core, session: Session) -> Turn:
        turn = load_turn(engine, session, self.instance_id, self.actor)
        require_rev(turn, self.rev)
        task = self._token(turn)
        obstacle = obstacle_to(task, turn.loaded, self.to_node, engine.services.may_repeat)
        if obstacle is not None:
            raise refusal(turn, obstacle)
        targets = targets_of(task, turn.loaded, engine.services.may_repeat)
        target = next(one for one in targets if one.node.id == self.to_node)
        self.direction, self.between = target.direction, target.between
        turn.restructured = True
        return turn

    def _token(self, turn: Turn) -> Task:
        here = [t for t in tokens_to_move(turn.workflow, turn.loaded) if t.task_spec.bpmn_id == self.from_node]
        if not here:
            raise errors.Conflict(lazy_("这个节点上已没有令牌"), status="moved_on")
        if len(here) > 1:
            raise errors.Invalid({"from": [lazy_("这个节点上有多个令牌，不能移动")]})
        return here[0]

    def begin(self, turn: Turn) -> None:
        before = meetings(turn.workflow)
        token = self._token(turn)
        fresh = put(token, self.to_node)
        where = worse(before, meetings(turn.workflow), {fresh.id: token.id})
        if where is not None:
            raise refusal(turn, Obstacle("branches", where))
        turn.workflow.watch_conditions()

    def commit(self, turn: Turn) -> None:
        data = {
            "from": self.from_node,
            "to": self.to_node,
            "reason": self.reason,
            "direction": self.direction,
            "between": list(self.between),
        }
        turn.happened("instance.token_moved", node_id=self.to_node, data=data)
        record(turn.session, turn.now, self.actor, "instances.token_moved", "instance", turn.id, **data)

    def finish(self, turn: Turn) -> None:
        """Where it went back, the record goes back with it, as when work is returned."""
        if self.direction == BACK:
            hook = turn.loaded.manifest.get("on_return")
            call_named(turn.engine, turn, hook, {"to_node": self.to_node, "task_id": None})


def refusal(turn: Turn, obstacle: Obstacle) -> errors.DubanError:
    """In words, with the node that stands in the way."""
    node = turn.loaded.nodes.get(obstacle.node_id)
    name = (node.name if node is not None else "") or obstacle.node_id
    said = {
        "no_target": lazy_("不能移到“%(node)s”", node=name),
        "beside": lazy_("“%(node)s”旁边的事件已引出另外的工作，须先办结", node=name),
        "statutory": lazy_("不能越过法定步骤“%(node)s”", node=name),
        "signing": lazy_("不能越过多人签署的步骤“%(node)s”", node=name),
        "not_again": lazy_("“%(node)s”不能重复执行，不能移到它之前", node=name),
        "branches": lazy_("移动后并行分支在“%(node)s”无法汇合或会重复办理", node=name),
    }[obstacle.code]
    return errors.Invalid({"to": [said]})


@dataclass
class EditData(Amend):
    """改数据: as a correction, but by an operator who saw the values: before and after are kept."""

    rev: int | None = None
    before: dict[str, Any] = field(default_factory=dict)

    def open(self, engine: Core, session: Session) -> Turn:
        turn = load_turn(engine, session, self.instance_id, self.actor)
        require_rev(turn, self.rev)
        now = turn.workflow.data_now
        self.before = {name: deepcopy(now.get(name)) for name in self.data}
        return turn

    def commit(self, turn: Turn) -> None:
        after: Mapping[str, Any] = as_json(dict(self.data))
        told = {"before": as_json(self.before), "after": after, "reason": self.reason}
        turn.happened("instance.data_edited", data=told)
        names = sorted(after)  # the values are business and stay in the history
        record(turn.session, turn.now, self.actor, "instances.data_edited", "instance", turn.id, names=names,
               reason=self.reason)  # fmt: skip
        hook = turn.loaded.manifest.get("on_amend")
        call_named(turn.engine, turn, hook, {"changes": after, "reason": self.reason})
