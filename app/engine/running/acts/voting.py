"""What a vote needs, and what follows when it decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.task import Task

from app import errors
from app.audit import Actor
from app.engine.packages.words import Words
from app.engine.running.checkout import Stale, Turn
from app.engine.running.projections.signings import store_tally
from app.engine.running.signing import Signing, finish
from app.i18n import lazy_


def require_asked(task: Task, row: Mapping[str, Any], words: Words, actor: Actor) -> None:
    """The row asks for a signature now, and this person has not signed the step by another of its rows."""
    signing = Signing.of_task(task, words)
    if signing is None:
        raise errors.Conflict(lazy_("这一步还没有确定签署人，已记录异常"), status="unaddressed")
    if signing.signer_of(row["id"]) is None:
        raise Stale()
    if signing.has_signed(actor.id):
        raise errors.Conflict(lazy_("您已在这一步签署，每人只签一次"), status="signed")


def vote_of(form: Mapping[str, Any] | None, words: Words, answers: Mapping[str, Any]) -> Any:
    """The answer that is the vote; None where the form asks for none, and signing is agreeing."""
    if not any(field.get("name") == words.vote for field in (form or {}).get("fields") or ()):
        return None
    vote = answers.get(words.vote)
    if vote is None or vote == "":
        raise errors.Invalid({words.vote: [lazy_("请选择")]})
    return vote


def run_if_decided(turn: Turn, task: Task, node_id: str, signing: Signing) -> None:
    """The token moves once, with the vote that decides, or with the signer whose going makes it decided."""
    if finish(task, node_id, signing):
        task.run()
        turn.note(task)
    turn.workflow.watch_conditions()


def tell_if_decided(turn: Turn, node_id: str, signing: Signing) -> None:
    """The step is no longer open, so that nothing else would project its last tally."""
    if signing.outcome is None:
        return
    store_tally(turn, node_id, signing)
    told = {"policy": signing.words.policy, "outcome": signing.outcome, "of": signing.of}
    turn.happened(
        "task.decided", node_id=node_id, data=told | {"agreed": signing.agreed, "disagreed": signing.disagreed}
    )
