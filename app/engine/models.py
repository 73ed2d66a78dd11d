"""What the engine stores. Only the projections are read by lists, counts and reports; `Instance.state` never is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, Scope, UTCDateTime, new_id, partial_index

Id = sa.String(32)


class Definition(Base):
    """One version of a process. Its content never changes; running instances keep the version they began with."""

    __tablename__ = "definition"
    __table_args__ = (sa.UniqueConstraint("key", "version"), sa.UniqueConstraint("key", "content_hash"))
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(sa.String(80))
    version: Mapped[int]
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[str] = mapped_column(sa.String(20))  # draft, published, retired
    title_zh: Mapped[str] = mapped_column(sa.String(200))
    title_en: Mapped[str] = mapped_column(sa.String(200))
    manifest: Mapped[dict[str, Any]]  # process.toml as data
    author_id: Mapped[str | None] = mapped_column(Id)
    publisher_id: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    published_at: Mapped[dt.datetime | None]


class DefinitionFile(Base):
    __tablename__ = "definition_file"
    definition_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("definition.id"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)


class Instance(Base):
    """One running or finished process. `rev` is compared and set on every save: a stale holder fails."""

    __tablename__ = "instance"
    __scope__ = Scope(
        region="region_code",
        sector="sector_code",
        orgs=("supervising_org_id",),
        responsible="responsible_org_id",
        instance="id",
    )
    __table_args__ = (
        sa.Index("ix_instance_definition_status", "definition_key", "status"),
        sa.Index("ix_instance_started_at", "started_at"),
        sa.Index("ix_instance_status", "status", "started_at"),
        sa.Index("ix_instance_subject", "subject_kind", "subject_id"),
        # Many instances have none of these: were those in the index, SQLite would think that it tells nothing apart.
        *(
            partial_index(f"ix_instance_{column}", column, where=f"{column} IS NOT NULL")
            for column in ("sector_code", "supervising_org_id", "responsible_org_id")
        ),
        partial_index("ix_instance_starter", "starter_id", "id", where="starter_id IS NOT NULL"),
        sa.UniqueConstraint("definition_key", "business_key"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    definition_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("definition.id"))
    definition_key: Mapped[str] = mapped_column(sa.String(80))
    definition_version: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(20))  # running, suspended, ended, cancelled, quarantined
    rev: Mapped[int] = mapped_column(default=0)
    state: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)  # zlib of the serialised text
    state_mac: Mapped[str] = mapped_column(sa.String(64))  # HMAC-SHA256 over state, id and rev
    serializer_version: Mapped[str] = mapped_column(sa.String(20))
    title: Mapped[str] = mapped_column(sa.String(300), default="")
    business_key: Mapped[str | None] = mapped_column(sa.String(120))
    subject_kind: Mapped[str | None] = mapped_column(sa.String(40))
    subject_id: Mapped[str | None] = mapped_column(Id)
    parent_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("instance.id"), index=True)
    parent_node: Mapped[str | None] = mapped_column(sa.String(120))  # the detached call that started it
    starter_id: Mapped[str | None] = mapped_column(Id)
    starter_name: Mapped[str] = mapped_column(sa.String(80), default="")
    region_code: Mapped[str | None] = mapped_column(sa.String(12), index=True)
    sector_code: Mapped[str | None] = mapped_column(sa.String(40))
    supervising_org_id: Mapped[str | None] = mapped_column(Id)
    responsible_org_id: Mapped[str | None] = mapped_column(Id)
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    end_node: Mapped[str | None] = mapped_column(sa.String(120))
    next_due_at: Mapped[dt.datetime | None]


# What the inbox sorts and counts by: open tasks are listed and counted on their index alone, without fetching a row.
_COUNTED = (
    "due_at", "amber_at", "paused_at", "urges", "definition_key", "node_id", "region_code", "id", "status",
)  # fmt: skip


class HumanTask(Base):
    """A task in somebody's inbox. `org_id` NULL addresses everybody with the role; `assignee_id` NULL is unclaimed."""

    __tablename__ = "human_task"
    __scope__ = Scope(
        region="region_code",
        sector="sector_code",
        orgs=("supervising_org_id",),
        responsible="responsible_org_id",
        instance="instance_id",
    )
    __table_args__ = (
        partial_index(
            "ix_human_task_mine", "assignee_id", *_COUNTED, where="status = 'open' AND assignee_id IS NOT NULL"
        ),
        partial_index(
            "ix_human_task_pool",
            "role",
            "org_id",
            *_COUNTED,
            "assignee_id",
            where="status = 'open' AND assignee_id IS NULL",
        ),
        partial_index("ix_human_task_open", "role", "org_id", "instance_id", "status", where="status = 'open'"),
        # A task that begins has been done by nobody: it is written here once, when it is over.
        partial_index("ix_human_task_done", "completed_by_id", "completed_at", where="completed_by_id IS NOT NULL"),
        # Few tasks are passed on; see ix_human_task_signing_id.
        partial_index("ix_human_task_passed", "passed_by_id", where="status = 'open' AND passed_by_id IS NOT NULL"),
        # Most tasks are signed by nobody: were those in the index, SQLite would think that it tells nothing apart.
        partial_index("ix_human_task_signing_id", "signing_id", where="signing_id IS NOT NULL"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"), index=True)
    spiff_task_id: Mapped[str] = mapped_column(sa.String(36))  # asked for together with the instance
    definition_id: Mapped[str] = mapped_column(Id)
    definition_key: Mapped[str] = mapped_column(sa.String(80))
    node_id: Mapped[str] = mapped_column(sa.String(120))
    name_zh: Mapped[str] = mapped_column(sa.String(200))
    name_en: Mapped[str] = mapped_column(sa.String(200), default="")
    process_zh: Mapped[str] = mapped_column(sa.String(200), default="")
    process_en: Mapped[str] = mapped_column(sa.String(200), default="")
    status: Mapped[str] = mapped_column(sa.String(20))  # open, done, cancelled, returned, withdrawn
    role: Mapped[str | None] = mapped_column(sa.String(40))
    org_id: Mapped[str | None] = mapped_column(Id)
    assignee_id: Mapped[str | None] = mapped_column(Id)
    assignee_name: Mapped[str] = mapped_column(sa.String(80), default="")
    form: Mapped[str | None] = mapped_column(sa.String(80))
    properties: Mapped[dict[str, Any]]  # the step's vocabulary words, as in the diagram
    data: Mapped[dict[str, Any]]  # task data when the task began: defaults and facts of the form
    title: Mapped[str] = mapped_column(sa.String(300), default="")
    business_key: Mapped[str | None] = mapped_column(sa.String(120), index=True)
    subject_kind: Mapped[str | None] = mapped_column(sa.String(40))
    subject_id: Mapped[str | None] = mapped_column(Id, index=True)
    region_code: Mapped[str | None] = mapped_column(sa.String(12))
    sector_code: Mapped[str | None] = mapped_column(sa.String(40))
    supervising_org_id: Mapped[str | None] = mapped_column(Id)
    responsible_org_id: Mapped[str | None] = mapped_column(Id)
    from_id: Mapped[str | None] = mapped_column(Id)  # who sent it here: the completer of the step before
    from_name: Mapped[str] = mapped_column(sa.String(80), default="")
    from_org: Mapped[str] = mapped_column(sa.String(120), default="")
    created_at: Mapped[dt.datetime]
    clock_started_at: Mapped[dt.datetime | None]
    due_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    amber_at: Mapped[dt.datetime | None]
    original_due_at: Mapped[dt.datetime | None]
    due_basis: Mapped[dict[str, Any] | None] = mapped_column(Json)  # Due.basis: text, unit, rule, legal basis
    extensions: Mapped[int] = mapped_column(default=0, server_default="0")
    clock_round: Mapped[int] = mapped_column(default=0, server_default="0")  # how often ladder and overdue began anew
    paused_at: Mapped[dt.datetime | None]
    pause_reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    claimed_at: Mapped[dt.datetime | None]
    completed_at: Mapped[dt.datetime | None]
    completed_by_id: Mapped[str | None] = mapped_column(Id)
    completed_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    late: Mapped[bool] = mapped_column(default=False)
    answers: Mapped[dict[str, Any] | None] = mapped_column(Json)
    draft: Mapped[dict[str, Any] | None] = mapped_column(Json)
    draft_at: Mapped[dt.datetime | None]
    draft_by_id: Mapped[str | None] = mapped_column(Id)
    urges: Mapped[int] = mapped_column(default=0)
    rev: Mapped[int] = mapped_column(default=0)
    signing_id: Mapped[str | None] = mapped_column(Id)  # one of several rows of a step that several sign
    passed_by_id: Mapped[str | None] = mapped_column(Id)  # who passed it on last (转办, 委派) and may take it back
    passed_from_id: Mapped[str | None] = mapped_column(Id)  # who held it then; NULL: nobody did
    delegated_by_id: Mapped[str | None] = mapped_column(Id)  # 委派: to whom it comes back, and who alone completes it
    delegated_by_name: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")


class Signing(Base):
    """One time that several people sign a step: who is asked, and the tally. Each of them has a `HumanTask`."""

    __tablename__ = "signing"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"), index=True)
    node_id: Mapped[str] = mapped_column(sa.String(120))
    policy: Mapped[str] = mapped_column(sa.String(20))  # all, any, ratio, veto, in_turn
    outcome: Mapped[str | None] = mapped_column(sa.String(20))  # agree, disagree; NULL while undecided
    agreed: Mapped[int] = mapped_column(default=0)
    disagreed: Mapped[int] = mapped_column(default=0)
    of: Mapped[int]
    needed: Mapped[int]
    signers: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # in order; see running/signing.py
    votes: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # in the order they were given
    began_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]


class Timer(Base):
    """A due instant that the worker fires: a diagram's timer event, a reminder, the overdue mark or a ladder rung."""

    __tablename__ = "timer"
    __table_args__ = (
        partial_index("ix_timer_due", "due_at", where="state = 'waiting'"),
        partial_index("ix_timer_failed", "due_at", where="state = 'failed'"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"), index=True)
    task_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("human_task.id"), index=True)
    spiff_task_id: Mapped[str | None] = mapped_column(sa.String(36))
    node_id: Mapped[str] = mapped_column(sa.String(120))
    kind: Mapped[str] = mapped_column(sa.String(20))  # event, remind, overdue, ladder
    detail: Mapped[dict[str, Any]]  # ladder: {"process", "level", "offset", "round"}; remind: {"offset"}
    due_at: Mapped[dt.datetime]
    original_due_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(sa.String(20))  # waiting, paused, fired, cancelled, failed
    fired_at: Mapped[dt.datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[dt.datetime | None]  # after a failure, on the engine's clock
    lease_until: Mapped[dt.datetime | None]  # real time: a worker that stalls cannot stop the clock of the others
    fence: Mapped[int] = mapped_column(default=0)  # grows with every claim and every move: whoever holds less is late
    moved_by_id: Mapped[str | None] = mapped_column(Id)
    moved_by_name: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")
    moved_at: Mapped[dt.datetime | None]
    move_reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")


class ClockPause(Base):
    """One stop of a step's clock: who, when, why, and the budget that was left, in seconds of that clock.

    The ledger adds up: what ran before each stop and what was left at the last one are the limit.
    """

    __tablename__ = "clock_pause"
    __table_args__ = (partial_index("uq_clock_pause_open", "task_id", unique=True, where="ended_at IS NULL"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"), index=True)
    task_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("human_task.id"), index=True)
    round: Mapped[int] = mapped_column(default=0)  # the task's extensions when it stopped: each begins a new budget
    unit: Mapped[str] = mapped_column(sa.String(20))  # the clock that counts: work, calendar, hours
    ran_seconds: Mapped[int]  # since the clock started, or went on after the stop before
    left_seconds: Mapped[int]
    due_before: Mapped[dt.datetime]
    due_after: Mapped[dt.datetime | None]
    started_at: Mapped[dt.datetime]
    started_by_id: Mapped[str | None] = mapped_column(Id)
    started_by_name: Mapped[str] = mapped_column(sa.String(80))
    started_by_org: Mapped[str] = mapped_column(sa.String(120), default="")
    reason: Mapped[str] = mapped_column(sa.Text)
    ended_at: Mapped[dt.datetime | None]
    ended_by_id: Mapped[str | None] = mapped_column(Id)
    ended_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    ended_by_org: Mapped[str] = mapped_column(sa.String(120), default="")
    end_reason: Mapped[str] = mapped_column(sa.Text, default="")


class Subscription(Base):
    """A token that waits for a message or a signal, from the turn in which it began to wait to its end."""

    __tablename__ = "subscription"
    __table_args__ = (sa.Index("ix_subscription_name", "kind", "name", "correlation", "state"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"), index=True)
    spiff_task_id: Mapped[str] = mapped_column(sa.String(36))
    node_id: Mapped[str] = mapped_column(sa.String(120))
    kind: Mapped[str] = mapped_column(sa.String(20))  # message, signal
    name: Mapped[str] = mapped_column(sa.String(200))
    correlation: Mapped[str] = mapped_column(sa.String(200), default="")  # "" for signals
    state: Mapped[str] = mapped_column(sa.String(20))  # waiting, received, cancelled
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    message_id: Mapped[str | None] = mapped_column(Id)  # what it received


class Child(Base):
    """One process that a detached call activity starts. `round` counts how often the node was come to.

    state: due (still to be started), running, ended, cancelled, failed (could not be started)
    """

    __tablename__ = "child"
    __table_args__ = (
        sa.UniqueConstraint("parent_id", "node_id", "round", "number"),
        partial_index("ix_child_open", "parent_id", "spiff_task_id", where="state IN ('due', 'running')"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    parent_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"))
    node_id: Mapped[str] = mapped_column(sa.String(120))
    spiff_task_id: Mapped[str] = mapped_column(sa.String(36))
    round: Mapped[int]
    number: Mapped[int]  # the place in the list that the call goes through, from 0
    depth: Mapped[int]  # 1 for a child, 2 for its own
    definition_id: Mapped[str] = mapped_column(Id)
    definition_key: Mapped[str] = mapped_column(sa.String(80))
    instance_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("instance.id"), unique=True)
    waits: Mapped[bool]  # whether the parent stays until it is over
    state: Mapped[str] = mapped_column(sa.String(20))
    inputs: Mapped[dict[str, Any]]  # until it is started
    outputs: Mapped[str | None] = mapped_column(sa.Text)  # what is taken from it at its end: names or an expression
    complete_when: Mapped[str | None] = mapped_column(sa.Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    end_node: Mapped[str | None] = mapped_column(sa.String(120))
    error: Mapped[str | None] = mapped_column(sa.Text)
    held: Mapped[bool] = mapped_column(default=False)  # suspended because its parent is
    created_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    dropped_at: Mapped[dt.datetime | None]  # nobody waits for it any more: it is to be cancelled
    told_at: Mapped[dt.datetime | None]  # its parent knows that it is over


class Message(Base):
    """A message or signal that was accepted, with what became of it. Whoever sends it again gets the same answer."""

    __tablename__ = "message"
    __table_args__ = (sa.Index("ix_message_name", "name", "correlation", "state"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key: Mapped[str | None] = mapped_column(sa.String(200), unique=True)  # the sender's: one effect for one key
    kind: Mapped[str] = mapped_column(sa.String(20))  # message, signal
    name: Mapped[str] = mapped_column(sa.String(200))
    correlation: Mapped[str] = mapped_column(sa.String(200), default="")
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(sa.String(20))  # buffered, matched, delivered, started, sent, late
    sent_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]  # of a buffered one: nobody gets it afterwards
    instance_id: Mapped[str | None] = mapped_column(Id)  # who got it
    node_id: Mapped[str | None] = mapped_column(sa.String(120))
    delivered_at: Mapped[dt.datetime | None]
    by_id: Mapped[str | None] = mapped_column(Id)
    by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    answer: Mapped[dict[str, Any]]  # what the sender was told


class Incident(Base):
    """Something the engine could not do; the token waits where it was until somebody retries."""

    __tablename__ = "incident"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"), index=True)
    spiff_task_id: Mapped[str | None] = mapped_column(sa.String(36))
    node_id: Mapped[str | None] = mapped_column(sa.String(120))
    kind: Mapped[str] = mapped_column(sa.String(40))  # service, expression, timer, budget, state, outbox
    message: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[dt.datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[dt.datetime | None]
    resolved_at: Mapped[dt.datetime | None]
    resolved_by_id: Mapped[str | None] = mapped_column(Id)


class History(Base):
    """What happened, append-only, chained by hash per instance."""

    __tablename__ = "history"
    __table_args__ = (sa.UniqueConstraint("instance_id", "seq"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"))
    seq: Mapped[int]
    at: Mapped[dt.datetime]
    event: Mapped[str] = mapped_column(sa.String(80))  # dotted past participle: task.completed
    node_id: Mapped[str | None] = mapped_column(sa.String(120))
    task_id: Mapped[str | None] = mapped_column(Id)
    actor_id: Mapped[str | None] = mapped_column(Id)
    actor_name: Mapped[str] = mapped_column(sa.String(80))
    actor_org: Mapped[str] = mapped_column(sa.String(120), default="")
    data: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


class Fact(Base):
    """A process variable promoted by process.toml, typed, for metrics and lists."""

    __tablename__ = "fact"
    __table_args__ = (sa.Index("ix_fact_name_text", "name", "text"), sa.Index("ix_fact_name_number", "name", "number"))
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    text: Mapped[str | None] = mapped_column(sa.String(300))
    number: Mapped[float | None]
    at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime())


class Outbox(Base):
    """A side effect to happen after the commit: at least once, with a key that travels with it."""

    __tablename__ = "outbox"
    __table_args__ = (
        partial_index("ix_outbox_waiting", "next_attempt_at", where="state = 'waiting'"),
        partial_index("ix_outbox_failed", "created_at", where="state = 'failed'"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(80))  # "event" (engine events), "mail", …
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(sa.String(20))  # waiting, sent, failed
    created_at: Mapped[dt.datetime]
    next_attempt_at: Mapped[dt.datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[dt.datetime | None]
    error: Mapped[str | None] = mapped_column(sa.Text)
    lease_until: Mapped[dt.datetime | None]
    fence: Mapped[int] = mapped_column(default=0)


class Participant(Base):
    """Who ever had to do with an instance: row scope lets them see it, whatever their region or sector."""

    __tablename__ = "participant"
    __table_args__ = (
        sa.UniqueConstraint("instance_id", "user_id", "org_id", "role"),
        sa.Index("ix_participant_user", "user_id", "instance_id"),
        sa.Index("ix_participant_org", "org_id", "role", "instance_id"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"))
    user_id: Mapped[str | None] = mapped_column(Id)
    org_id: Mapped[str | None] = mapped_column(Id)
    role: Mapped[str | None] = mapped_column(sa.String(40))


class TaskCopy(Base):
    """A task copied to somebody for information (抄送)."""

    __tablename__ = "task_copy"
    __table_args__ = (sa.UniqueConstraint("task_id", "user_id"), sa.Index("ix_task_copy_user", "user_id", "created_at"))
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    task_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("human_task.id"))
    user_id: Mapped[str] = mapped_column(Id)
    by_id: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]


class TaskComment(Base):
    """A remark in the discussion beside a task; attachments by file id."""

    __tablename__ = "task_comment"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"), index=True)
    task_id: Mapped[str | None] = mapped_column(Id)
    text: Mapped[str] = mapped_column(sa.Text)
    file_ids: Mapped[list[str]]
    by_id: Mapped[str] = mapped_column(Id)
    by_name: Mapped[str] = mapped_column(sa.String(80))
    by_org: Mapped[str] = mapped_column(sa.String(120), default="")
    created_at: Mapped[dt.datetime]


class WorkerBeat(Base):
    """A process that runs timers and outbox, and when it last said so. Real time, whatever the engine's clock shows."""

    __tablename__ = "worker_beat"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(120))  # host and process id, for people
    started_at: Mapped[dt.datetime]
    beat_at: Mapped[dt.datetime] = mapped_column(index=True)
    busy_since: Mapped[dt.datetime | None]  # when the present batch began
    batches: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)  # timers, retries and outbox rows since it started
    stopped_at: Mapped[dt.datetime | None]


class Hold(Base):
    """While this row is there nothing leaves by itself: no timer fires, no retry runs, no outbox row is sent.

    A restored backup is held: what became due since the backup was made has happened already in the world outside.
    """

    __tablename__ = "hold"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    since: Mapped[dt.datetime]
    reason: Mapped[str] = mapped_column(sa.String(300))
    by_name: Mapped[str] = mapped_column(sa.String(80), default="")
