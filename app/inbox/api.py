"""Tasks under /api/v1: the same acts as the pages, for programs."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.engine import GoneBack, HumanTask, Started
from app.errors import Conflict
from app.inbox import acts, queries
from app.inbox import schemas as s

_COMPLETED = s.CompletedOut()
blp = web.blueprint("tasks", description="Tasks: the inbox and its verbs")


@blp.route("/tasks")
@blp.arguments(s.TaskQuery, location="query")
@blp.response(200, s.TaskOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """The caller's tasks. Boxes: todo (mine), claimable, started (of what I began), done (by me), cc."""
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    size, offset = query["per_page"], (query["page"] - 1) * query["per_page"]
    total = queries.total(session, user, query["box"], query, now)
    rows = queries.listed(session, user, query["box"], query, now, query["sort"] or "", limit=size, offset=offset)
    return [task for task, _heading in rows], 200, {"X-Total-Count": str(total)}


@blp.route("/tasks/<task_id>")
@blp.response(200, s.TaskDetail)
def show(task_id: str) -> HumanTask:
    """One task: form, deadline, remaining working time, light, permitted acts, own draft, the data it starts from."""
    return _task(task_id)


def _task(task_id: str) -> HumanTask:
    return queries.task(web.db.session(), task_id, web.current_user())


@blp.route("/tasks/<task_id>/claim", methods=["POST"])
@blp.response(200, s.TaskDetail)
def claim(task_id: str) -> HumanTask:
    """签收. 409 names the present holder when somebody was faster."""
    acts.claim(task_id)
    return _task(task_id)


@blp.route("/tasks/<task_id>/claim", methods=["DELETE"])
@blp.response(200, s.TaskDetail)
def unclaim(task_id: str) -> HumanTask:
    """Give a claimed task back to those who may take it."""
    acts.unclaim(task_id)
    return _task(task_id)


@blp.route("/tasks/<task_id>/completion", methods=["POST"])
@blp.arguments(s.AnswersIn)
@blp.response(200, s.CompletedOut)
def completion(payload: dict[str, Any], task_id: str) -> Any:
    """提交. 422 with errors per field; 409 when it was done or changed meanwhile, with who, when and what was sent."""
    foretell = web.foretelling(_COMPLETED)
    try:
        return foretell.answer(acts.complete(task_id, payload["answers"], payload["rev"], foretell))
    except Conflict as late:
        late.extra["submitted"] = payload["answers"]
        raise


@blp.route("/tasks/<task_id>/draft", methods=["PUT"])
@blp.arguments(s.DraftIn)
@blp.response(204)
def draft(payload: dict[str, Any], task_id: str) -> None:
    """暂存: kept as it is, unchecked, until the task is completed."""
    acts.save_draft(task_id, payload["answers"])


@blp.route("/tasks/<task_id>/reassignment", methods=["POST"])
@blp.arguments(s.ReassignmentIn)
@blp.response(200, s.TaskDetail)
def reassignment(payload: dict[str, str], task_id: str) -> HumanTask:
    """转办 to somebody who holds the same role."""
    acts.reassign(task_id, payload["to"], payload["reason"])
    return _task(task_id)


@blp.route("/tasks/<task_id>/delegation", methods=["POST"])
@blp.arguments(s.ReassignmentIn)
@blp.response(200, s.TaskDetail)
def delegation(payload: dict[str, str], task_id: str) -> HumanTask:
    """委派 to somebody of the own organisation, who prepares the answers as a draft and hands the task back."""
    acts.delegate(task_id, payload["to"], payload["reason"])
    return _task(task_id)


@blp.route("/tasks/<task_id>/delegation", methods=["DELETE"])
@blp.arguments(s.HandBackIn)
@blp.response(200, s.TaskDetail)
def hand_back(payload: dict[str, str], task_id: str) -> HumanTask:
    """交回 what was delegated to the caller; the draft goes with it."""
    acts.hand_back(task_id, payload["text"])
    return _task(task_id)


@blp.route("/tasks/<task_id>/reassignment", methods=["DELETE"])
@blp.response(200, s.TaskDetail)
def take_back(task_id: str) -> HumanTask:
    """拿回 what the caller reassigned, until the new holder has begun; or delegated, at any time. 409 afterwards."""
    acts.take_back(task_id)
    return _task(task_id)


@blp.route("/tasks/<task_id>/return", methods=["POST"])
@blp.arguments(s.ReturnIn)
@blp.response(200, s.GoneBackOut)
def send_back(payload: dict[str, str], task_id: str) -> GoneBack:
    """退回 to one of `return_targets`, with a reason. Everything between is done again."""
    return acts.send_back(task_id, payload["to"], payload["reason"])


@blp.route("/tasks/<task_id>/withdrawal", methods=["POST"])
@blp.arguments(s.TaskReasonIn)
@blp.response(200, s.GoneBackOut)
def withdrawal(payload: dict[str, str], task_id: str) -> GoneBack:
    """撤回 what the caller has done, while nobody has touched what came next; else 409."""
    return acts.withdraw(task_id, payload["reason"])


@blp.route("/tasks/<task_id>/extension-requests", methods=["POST"])
@blp.arguments(s.RequestIn)
@blp.response(201, s.RequestStartedOut)
def extension_request(payload: dict[str, Any], task_id: str) -> Started:
    """申请延期: starts the process named by the step; `answers` are those of its start form. 409 while one is open."""
    return acts.request_extension(task_id, payload["answers"])


@blp.route("/tasks/<task_id>/pause", methods=["POST"])
@blp.arguments(s.TaskReasonIn)
@blp.response(200, s.TaskDetail)
def pause(payload: dict[str, str], task_id: str) -> HumanTask:
    """中止计时, by the supervising side: nothing of the step fires, what is left of its limit is kept."""
    acts.pause(task_id, payload["reason"])
    return _task(task_id)


@blp.route("/tasks/<task_id>/pause", methods=["DELETE"])
@blp.arguments(s.ResumptionIn)
@blp.response(200, s.TaskDetail)
def resume(payload: dict[str, str], task_id: str) -> HumanTask:
    """恢复计时: what was left of the limit runs on from now."""
    acts.resume(task_id, payload["reason"])
    return _task(task_id)


@blp.route("/tasks/<task_id>/signers", methods=["POST"])
@blp.arguments(s.SignerIn)
@blp.response(200, s.TaskDetail)
def add_signer(payload: dict[str, Any], task_id: str) -> HumanTask:
    """加签: one more who signs this step. `next_up` puts them right after the present one where they sign in turn."""
    acts.add_signer(task_id, payload["user_id"], payload["reason"], next_up=payload["next_up"])
    return _task(task_id)


@blp.route("/tasks/<task_id>/signers/<user_id>", methods=["DELETE"])
@blp.arguments(s.TaskReasonIn)
@blp.response(200, s.TaskDetail)
def remove_signer(payload: dict[str, str], task_id: str, user_id: str) -> HumanTask:
    """减签: somebody who has not signed yet no longer has to."""
    acts.remove_signer(task_id, user_id, payload["reason"])
    return _task(task_id)


@blp.route("/tasks/<task_id>/urges", methods=["POST"])
@blp.arguments(s.UrgeIn)
@blp.response(201, s.UrgeOut)
def urge(payload: dict[str, str], task_id: str) -> dict[str, int]:
    """催办: recorded and counted."""
    acts.urge(task_id, payload["text"])
    return {"urges": _task(task_id).urges}


@blp.route("/tasks/<task_id>/copies", methods=["POST"])
@blp.arguments(s.CopiesIn)
@blp.response(201, s.CopiesOut)
def copies(payload: dict[str, list[str]], task_id: str) -> dict[str, list[str]]:
    """抄送: whoever gets a copy may read along. A repeat reaches nobody twice."""
    return {"user_ids": acts.copy(task_id, payload["user_ids"])}


@blp.route("/tasks/<task_id>/copies", methods=["DELETE"])
@blp.arguments(s.CopiesIn)
@blp.response(200, s.CopiesOut)
def withdraw_copies(payload: dict[str, list[str]], task_id: str) -> dict[str, list[str]]:
    """Take back copies that the caller gave and nobody has read: whose are gone. 409 when there are none."""
    return {"user_ids": acts.withdraw_copy(task_id, payload["user_ids"])}


@blp.route("/tasks/<task_id>/comments", methods=["POST"])
@blp.arguments(s.CommentIn)
@blp.response(201, s.CommentOut)
def comment(payload: dict[str, Any], task_id: str) -> dict[str, str]:
    """A remark in the discussion, also after the task is done; `files` are ids of uploaded files."""
    return {"id": acts.comment(task_id, payload["text"], payload["files"])}


@blp.route("/tasks/batches", methods=["POST"])
@blp.arguments(s.BatchIn)
@blp.response(200, s.ResultOut(many=True))
def batch(payload: dict[str, Any]) -> list[acts.Result]:
    """One verb for every task named; a result per id, in order."""
    text = payload["reason"] if payload["verb"] == "reassign" else payload["text"]
    return acts.batch(payload["verb"], payload["ids"], to=payload["to"], text=text)


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
