"""Who is told of what: the engine's events become messages, each person once, in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.db import write_transaction
from app.engine import HumanTask
from app.i18n import CHINESE, ENGLISH, set_locale
from app.notifications import Notification, deliver
from app.notifications.texts import EVENTS, ICONS, detail, headline
from tests.cast import PEOPLE, START, member
from tests.notifications.events import event, open_task

NAMES = {member(key).id: name for key, name, _org, _roles in PEOPLE}


def told(session: Session, key: str) -> set[str]:
    rows = session.scalars(sa.select(Notification.user_id).where(Notification.key == key))
    return {NAMES[user_id] for user_id in rows}


def send(session: Session, key: str, payload: dict[str, Any]) -> int:
    with write_transaction(session):
        return deliver(session, payload, key=key, now=START)


def task(session: Session, **options: Any) -> HumanTask:
    with write_transaction(session):
        return open_task(session, **options)


def test_an_unclaimed_task_concerns_everybody_who_may_take_it(session: Session) -> None:
    assert send(session, "k1", event("task.created", task(session), by="sun")) == 3
    assert told(session, "k1") == {"高原", "赵明远", "刘洋"}


def test_a_claimed_task_concerns_its_holder(session: Session) -> None:
    send(session, "k2", event("task.reminded", task(session, holder="liu")))
    assert told(session, "k2") == {"刘洋"}


def test_nobody_is_told_what_they_did_themselves(session: Session) -> None:
    send(session, "k3", event("task.commented", task(session, holder="liu"), by="liu", text="看过了"))
    assert told(session, "k3") == set()
    send(session, "k3b", event("task.created", task(session), by="zhao"))
    assert told(session, "k3b") == {"高原", "刘洋"}


def test_a_delivery_that_is_repeated_tells_nobody_twice(session: Session) -> None:
    made = task(session)
    assert send(session, "k4", event("task.created", made, by="sun")) == 3
    assert send(session, "k4", event("task.created", made, by="sun")) == 0


@pytest.mark.parametrize("name", ["task.copied", "task.reassigned"])
def test_copies_and_reassignments_go_to_the_people_named(session: Session, name: str) -> None:
    made = task(session, holder="liu")
    send(session, name, event(name, made, by="gao", user_ids=[member("ma").id, member("zhao").id]))
    assert told(session, name) == {"马会", "赵明远"}


def test_of_the_end_the_starter_is_told(session: Session) -> None:
    made = task(session)
    payload = event("instance.ended", made) | {"task_id": None}
    send(session, "k5", payload)
    assert told(session, "k5") == {"孙强"}
    assert session.scalar(sa.select(Notification.url).where(Notification.key == "k5")) == "/hazards/77"


def test_a_reminder_that_comes_after_the_work_is_done_reaches_nobody(session: Session) -> None:
    made = task(session)
    with write_transaction(session):
        session.get_one(HumanTask, made.id).status = "done"
    assert send(session, "k6", event("task.overdue", made)) == 0


@pytest.mark.parametrize(
    "payload", [{}, {"event": "gossip.heard"}, {"event": "task.created"}, {"event": "task.created", "task_id": "gone"}]
)
def test_what_is_no_news_or_about_nothing_is_nobodys(session: Session, payload: dict[str, Any]) -> None:
    assert send(session, "k7", payload) == 0


def test_an_event_without_a_name_here_is_not_kept(app: Flask) -> None:
    assert set(ICONS) == set(EVENTS)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_has_its_words_in_both_languages(app: Flask, name: str) -> None:
    params = {"task_zh": "整改复查", "task_en": "Re-inspect", "actor": "Gao", "level": 2, "title": "T", "text": "soon"}
    said = {}
    for locale in (CHINESE, ENGLISH):
        set_locale(locale)
        said[locale] = headline(name, params)
    set_locale(CHINESE)
    assert "整改复查" in said[CHINESE] and "Re-inspect" in said[ENGLISH]
    assert not any("\u4e00" <= character <= "\u9fff" for character in said[ENGLISH])


def test_the_line_below_says_what_about_what_was_said_and_until_when(app: Flask) -> None:
    due = START.replace(hour=17, minute=30)
    line = detail({"title": "安全出口上锁", "text": "请今天反馈", "due_at": due.isoformat()}, START)
    assert line == "安全出口上锁　请今天反馈　今日 17:30 止"
