"""A step that several people sign, as its page shows it: who signed what and when, who is asked, how many it needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app import web
from app.engine import HumanTask, Tally
from app.i18n import _, lazy_, pick

POLICIES: dict[str, Any] = {
    "all": lazy_("会签"),
    "any": lazy_("或签"),
    "ratio": lazy_("票签"),
    "veto": lazy_("一票否决"),
    "in_turn": lazy_("依次签"),
}


@dataclass(frozen=True)
class Signature:
    """One line. `state`: agree, disagree, open (asked now), next (the turn is still to come), spared (not needed)."""

    id: str
    name: str
    org: str
    state: str
    vote: str = ""
    at: dt.datetime | None = None
    text: str = ""
    removable: bool = False


@dataclass(frozen=True)
class Signing:
    """The whole tally."""

    policy: str
    rule: str
    figures: str
    outcome: str  # agree, disagree, ""
    lines: list[Signature]

    @property
    def policy_name(self) -> str:
        return str(POLICIES.get(self.policy, self.policy))


def signing_of(session: Session, task: HumanTask, form: Mapping[str, Any] | None, user_id: str) -> Signing | None:
    """The tally of the step; None for a step that one person does."""
    engine = web.engine()
    tally = engine.tally(session, task)
    if tally is None:
        return None
    removable = engine.removable(session, task, user_id)
    votes = vote_labels(form, str(task.properties.get("vote") or "decision"))
    lines = [
        Signature(
            str(vote["id"]),
            str(vote["name"]),
            str(vote.get("org_name") or ""),
            "agree" if vote["agrees"] else "disagree",
            votes.get(str(vote["vote"]), str(vote["vote"] or "")),
            dt.datetime.fromisoformat(str(vote["at"])),
            _remark(form, vote.get("answers") or {}),
        )
        for vote in tally.votes
    ]
    lines += [
        Signature(one.id, one.name, one.org_name, one.state, removable=one.id in removable) for one in tally.signers
    ]
    return Signing(tally.policy, _rule(tally), _figures(tally), tally.outcome or "", lines)


def vote_labels(form: Mapping[str, Any] | None, field: str) -> dict[str, str]:
    """What each vote is called on the form."""
    fields: list[Mapping[str, Any]] = (form or {}).get("fields") or []
    spec: Mapping[str, Any] = next((f for f in fields if f.get("name") == field), {})
    return {str(option["value"]): pick(option["label"]) for option in spec.get("options") or []}


def _remark(form: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> str:
    """What the signer wrote: the last long text of the form."""
    fields = (form or {}).get("fields") or []
    texts = [str(answers.get(f["name"]) or "") for f in fields if f.get("kind") == "textarea"]
    return next((text for text in reversed(texts) if text), "")


def _rule(tally: Tally) -> str:
    """When it is decided."""
    if tally.policy == "ratio":
        return _("%(needed)s 人同意即通过，共 %(of)s 人", needed=tally.needed, of=tally.of)
    words = {
        "all": _("全部同意即通过"),
        "any": _("一人签署即定"),
        "veto": _("一人不同意即否决"),
        "in_turn": _("依次签署，一人不同意即止"),
    }
    return words.get(tally.policy, "")


def _figures(tally: Tally) -> str:
    """同意 1，不同意 0，待签 2"""
    parts = [_("同意 %(n)s", n=tally.agreed), _("不同意 %(n)s", n=tally.disagreed)]
    if tally.outcome is None:
        parts.append(_("待签 %(n)s", n=tally.waiting))
    elif tally.waiting:
        parts.append(_("未签 %(n)s", n=tally.waiting))
    return _("，").join(parts)
