from __future__ import annotations

from contextlib import suppress
from typing import Any

import marshmallow as ma

from app import web
from app.clock import SHANGHAI
from app.console import delivery_words
from app.console.access import sees_data
from app.console.words import cause_of, fault_of
from app.engine import Definition, History, Incident

KEY = ma.validate.Regexp(r"^[a-z][a-z0-9_]{0,79}$")


class Local(ma.fields.AwareDateTime):
    """An instant with the office's offset."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        return super()._serialize(value.astimezone(SHANGHAI) if value else None, attr, obj, **options)


class DefinitionOut(ma.Schema):
    """One version of a process."""

    key = ma.fields.String()
    version = ma.fields.Integer()
    status = ma.fields.String(metadata={"enum": ["draft", "published", "retired"]})
    title = ma.fields.Function(lambda row: {"zh": row.title_zh, "en": row.title_en})
    content_hash = ma.fields.String()
    created_at = Local()
    published_at = Local(allow_none=True)
    startable = ma.fields.Function(lambda row: bool(row.manifest.get("starters")))


class DefinitionDetail(DefinitionOut):
    """With its files as text; a file that is no UTF-8 text is left out."""

    files = ma.fields.Method("_files", metadata={"type": "object", "additionalProperties": {"type": "string"}})
    starters = ma.fields.Function(lambda row: list(row.manifest.get("starters") or []))

    def _files(self, row: Definition) -> dict[str, str]:
        found = {}
        for name, content in sorted(web.engine().export(row.key, row.version).files.items()):
            with suppress(UnicodeDecodeError):
                found[name] = content.decode()
        return found


class DefinitionVersions(DefinitionOut):
    """The version in force (else the newest), and every version that the caller may see."""

    versions = ma.fields.List(ma.fields.Nested(DefinitionOut))


class PackageIn(ma.Schema):
    """A process package: its key and its files by name inside the folder. Multipart: a field `key`, files by name."""

    key = ma.fields.String(required=True, validate=KEY)
    files = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)


class ProblemsOut(ma.Schema):
    """What is wrong with a package; empty when nothing is."""

    problems = ma.fields.List(ma.fields.Dict())


class InstanceIn(ma.Schema):
    """`data` answers the start form where the process has one."""

    definition = ma.fields.String(required=True)
    business_key = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=120))
    data = ma.fields.Dict(keys=ma.fields.String(), load_default=dict)


class StartedOut(ma.Schema):
    id = ma.fields.String(attribute="instance_id")
    subject_id = ma.fields.String(allow_none=True)
    tasks = ma.fields.List(ma.fields.String())
    ended = ma.fields.Boolean()


class InstanceQuery(web.ApiPage):
    """Filters. Operators filter by what they see: process, version, status, incidents, time, beginning of the id."""

    definition = ma.fields.String(load_default="")
    version = ma.fields.Integer(load_default=None, allow_none=True)
    status = ma.fields.String(load_default="")
    incident = ma.fields.Boolean(load_default=False, metadata={"description": "has an open incident"})
    stuck = ma.fields.Boolean(load_default=False, metadata={"description": "nothing left that could move it"})
    q = ma.fields.String(load_default="", metadata={"description": "id, title, business key, who started it"})
    started_from = ma.fields.AwareDateTime(load_default=None, allow_none=True, default_timezone=SHANGHAI)
    started_before = ma.fields.AwareDateTime(load_default=None, allow_none=True, default_timezone=SHANGHAI)
    parent_id = ma.fields.String(load_default="", metadata={"description": "what it was started by"})
    business_key = ma.fields.String(load_default="")
    subject_kind = ma.fields.String(load_default="")
    subject_id = ma.fields.String(load_default="")


class InstanceOut(ma.Schema):
    """An instance. To operators who have no part in business only its ids and state are told."""

    id = ma.fields.String()
    definition = ma.fields.String(attribute="definition_key")
    version = ma.fields.Integer(attribute="definition_version")
    status = ma.fields.String(metadata={"enum": ["running", "suspended", "ended", "cancelled", "quarantined"]})
    rev = ma.fields.Integer()
    parent_id = ma.fields.String(allow_none=True)
    parent_node = ma.fields.String(allow_none=True, metadata={"description": "the detached call that started it"})
    title = ma.fields.String(allow_none=True)
    business_key = ma.fields.String(allow_none=True)
    subject_kind = ma.fields.String(allow_none=True)
    subject_id = ma.fields.String(allow_none=True)
    starter_name = ma.fields.String(allow_none=True)
    started_at = Local()
    ended_at = Local(allow_none=True)
    end_node = ma.fields.String(allow_none=True)
    next_due_at = Local(allow_none=True)


class OpenTaskOut(ma.Schema):
    id = ma.fields.String()
    node_id = ma.fields.String()
    name = ma.fields.String(attribute="name_zh")
    role = ma.fields.String(allow_none=True)
    org_id = ma.fields.String(allow_none=True)
    assignee_id = ma.fields.String(allow_none=True)
    due_at = Local(allow_none=True)


class TimerOut(ma.Schema):
    """A due instant that waits, or what became of it."""

    id = ma.fields.String()
    instance_id = ma.fields.String()
    task_id = ma.fields.String(allow_none=True)
    node_id = ma.fields.String()
    kind = ma.fields.String(metadata={"enum": ["event", "remind", "overdue", "ladder"]})
    due_at = Local()
    original_due_at = Local()
    state = ma.fields.String(metadata={"enum": ["waiting", "fired", "cancelled", "failed"]})
    fired_at = Local(allow_none=True)
    attempts = ma.fields.Integer()


class IncidentOut(ma.Schema):
    """Something the engine could not do."""

    id = ma.fields.String()
    instance_id = ma.fields.String()
    node_id = ma.fields.String(allow_none=True)
    kind = ma.fields.String()
    cause = ma.fields.Function(lambda row: str(cause_of(row.kind).cause), metadata={"type": "string"})
    remedy = ma.fields.Function(lambda row: str(cause_of(row.kind).remedy), metadata={"type": "string"})
    fault = ma.fields.Function(fault_of, metadata={"type": "string", "description": "class of the error"})
    message = ma.fields.Method(
        "_message", metadata={"type": "string", "nullable": True, "description": "null to operators: may quote data"}
    )
    created_at = Local()
    attempts = ma.fields.Integer()
    next_attempt_at = Local(allow_none=True)
    resolved_at = Local(allow_none=True)

    def _message(self, row: Incident) -> str | None:
        return row.message if sees_data(web.current_user()) else None


class ChildCountOut(ma.Schema):
    """What a detached call has started in its last round."""

    node_id = ma.fields.String()
    process = ma.fields.String()
    total = ma.fields.Integer()
    over = ma.fields.Integer()


class InstanceDetail(InstanceOut):
    """With its tokens (ids of the nodes where it stands), open tasks, timers, incidents and variables."""

    tokens = ma.fields.List(ma.fields.String())
    children = ma.fields.List(ma.fields.Nested(ChildCountOut))
    tasks = ma.fields.List(ma.fields.Nested(OpenTaskOut))
    timers = ma.fields.List(ma.fields.Nested(TimerOut))
    incidents = ma.fields.List(ma.fields.Nested(IncidentOut))
    data = ma.fields.Raw(allow_none=True, metadata={"description": "variables; null to operators"})


class EventOut(ma.Schema):
    """One line of the history."""

    seq = ma.fields.Integer()
    at = Local()
    event = ma.fields.String()
    node_id = ma.fields.String(allow_none=True)
    task_id = ma.fields.String(allow_none=True)
    actor_id = ma.fields.String(allow_none=True)
    actor_name = ma.fields.String()
    actor_org = ma.fields.String()
    data = ma.fields.Method("_data", metadata={"type": "object", "description": "empty to operators"})
    hash = ma.fields.String()

    def _data(self, row: History) -> dict[str, Any]:
        return row.data if sees_data(web.current_user()) else {}


class BreakOut(ma.Schema):
    seq = ma.fields.Integer()
    reason = ma.fields.String()


class ChainOut(ma.Schema):
    """Whether the history is whole; `broken` names the first line that is not."""

    ok = ma.fields.Boolean()
    broken = ma.fields.Nested(BreakOut, allow_none=True)


class HistoryOut(ma.Schema):
    events = ma.fields.List(ma.fields.Nested(EventOut))
    chain = ma.fields.Nested(ChainOut)


class ReasonIn(ma.Schema):
    reason = ma.fields.String(required=True, validate=ma.validate.Length(1, 2000))


class TokenIn(ma.Schema):
    """From which node to which, why, and the revision that was seen."""

    to = ma.fields.String(required=True)
    reason = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=2000))
    rev = ma.fields.Integer(load_default=None, allow_none=True)


# `from` is no name in Python.
TokenIn._declared_fields["from"] = ma.fields.String(required=True, attribute="since")


class DataIn(ma.Schema):
    """Variables by name, why, and the revision that was seen."""

    changes = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Raw(allow_none=True), required=True)
    reason = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=2000))
    rev = ma.fields.Integer(load_default=None, allow_none=True)


class OptionalReasonIn(ma.Schema):
    reason = ma.fields.String(load_default="", validate=ma.validate.Length(max=2000))


class TimerQuery(web.ApiPage):
    """State `late`: due by now and not fired, though its instance runs."""

    due_before = ma.fields.AwareDateTime(load_default=None, allow_none=True, default_timezone=SHANGHAI)
    state = ma.fields.String(load_default="waiting")
    kind = ma.fields.String(load_default="")
    process = ma.fields.String(load_default="")
    instance_id = ma.fields.String(load_default="")


class RescheduleIn(ma.Schema):
    due_at = ma.fields.AwareDateTime(required=True, default_timezone=SHANGHAI)
    reason = ma.fields.String(required=True, validate=ma.validate.Length(1, 2000))


class IncidentQuery(web.ApiPage):
    resolved = ma.fields.Boolean(load_default=False)
    kind = ma.fields.String(load_default="")
    process = ma.fields.String(load_default="")
    instance_id = ma.fields.String(load_default="")


class RetriedOut(ma.Schema):
    resolved = ma.fields.Boolean(metadata={"description": "false: it failed again, and the incident stays open"})


class InstanceBatchIn(ma.Schema):
    """One verb for many instances; resuming needs no reason."""

    verb = ma.fields.String(required=True, validate=ma.validate.OneOf(["suspend", "resume", "cancel"]))
    ids = ma.fields.List(ma.fields.String(), required=True)
    reason = ma.fields.String(load_default="", validate=ma.validate.Length(max=2000))


class IncidentBatchIn(ma.Schema):
    verb = ma.fields.String(load_default="retry", validate=ma.validate.OneOf(["retry"]))
    ids = ma.fields.List(ma.fields.String(), required=True)


class OperatedOut(ma.Schema):
    """What became of one row of a batch: the status and code that it alone would have got."""

    id = ma.fields.String()
    ok = ma.fields.Boolean()
    status = ma.fields.Integer()
    code = ma.fields.String()
    detail = ma.fields.String()


class OutboxQuery(web.ApiPage):
    state = ma.fields.String(load_default="failed", validate=ma.validate.OneOf(delivery_words.STATES))
    kind = ma.fields.String(load_default="")


class OutboxOut(ma.Schema):
    """A side effect, without its contents."""

    id = ma.fields.String()
    key = ma.fields.String()
    kind = ma.fields.String()
    state = ma.fields.String(metadata={"enum": list(delivery_words.STATES)})
    created_at = Local()
    next_attempt_at = Local()
    attempts = ma.fields.Integer()
    sent_at = Local(allow_none=True)
    fault = ma.fields.Function(
        delivery_words.fault_of, metadata={"type": "string", "description": "class of the error"}
    )


class HealthOut(ma.Schema):
    """Outbox rows by state, the oldest that should have left, timers that should have fired."""

    counts = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    oldest = Local(allow_none=True)
    late_timers = ma.fields.Integer()
    late_since = Local(allow_none=True)
