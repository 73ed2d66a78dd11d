"""Verbs that take running instances from one version of their process to another, and back (docs: guard 10).

Every instance is a turn of its own: it moves as a whole or stays exactly as it was, with the reason written down.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import SYSTEM, Actor, record
from app.db import UNAVAILABLE, new_id, write_transaction
from app.engine.core import Loaded
from app.engine.migration_models import Migration, MigrationItem
from app.engine.models import Definition, Instance
from app.engine.packages import compiled
from app.engine.packages.compiling import CompileError
from app.engine.packages.diagram import Node, read_diagram
from app.engine.packages.front_door import XMLRefused
from app.engine.packages.package import Package
from app.engine.running import serializing
from app.engine.running.checkout import Overrun, Stale, StepFailed, Turn, complete_turn, message_of
from app.engine.running.migrating.acts import CannotMove, Migrate, NotWanted, Undo, Way, steps_of
from app.engine.running.migrating.judging import changes, obstacles
from app.engine.running.migrating.mapping import Pair, propose, targets_for
from app.engine.running.migrating.reasons import Reason
from app.engine.running.serializing import DamagedState
from app.engine.verbs.holding import Holding
from app.engine.verbs.standing import GOING, Standing, StandingReads
from app.engine.verbs.tasks import required_text
from app.i18n import bilingual, lazy_

log = logging.getLogger("duban.engine")
_INSTANCE, _ITEM, _MIGRATION = Instance.__table__, MigrationItem.__table__, Migration.__table__
TRIES, ATTEMPTS = 3, 30  # lost races in one attempt; attempts until somebody is told that it was always busy
KEPT_AT_ONCE = 1000  # old states that are let go of in one transaction
BATCH, SECONDS = 40, 1.0  # of the worker at one go


@dataclass(frozen=True)
class NodePlan:
    """One node of the old version: what takes its place, how many stand there, and what becomes of them."""

    node: Node
    pair: Pair
    choices: tuple[Node, ...]
    standing: Standing
    obstacles: tuple[Reason, ...]
    changes: tuple[Reason, ...]

    @property
    def moves(self) -> bool:
        return not self.obstacles


@dataclass(frozen=True)
class MigrationPlan:
    """What is known before any state is looked at. Whether a single instance can move, a dry run says."""

    key: str
    old: Loaded
    new: Loaded
    given: Mapping[str, str | None]
    pairs: Mapping[str, Pair]
    nodes: tuple[NodePlan, ...]  # of the old version, in the order of its diagram
    total: int

    @property
    def way(self) -> Way:
        return Way(self.old, self.new, self.pairs)

    @cached_property
    def standing(self) -> list[NodePlan]:
        return [one for one in self.nodes if one.standing.tokens]

    @property
    def stays(self) -> int:
        """Tokens that cannot move."""
        return sum(one.standing.tokens for one in self.standing if not one.moves)


@dataclass(frozen=True)
class Outcome:
    """What a dry run found for one instance, or what became of one for real."""

    instance_id: str
    ok: bool
    reason: Reason | None = None
    node_id: str | None = None
    steps: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


class MigrationVerbs(StandingReads, Holding):
    def plan_migration(
        self,
        session: Session,
        key: str,
        from_version: int,
        to: int | Package,
        mapping: Mapping[str, str | None] | None = None,
        *,
        even_same: bool = False,
    ) -> MigrationPlan:
        """From one version to another, or to a package that is not deployed yet. NotFound, Invalid.

        Where both are the same there is nothing to move: Invalid, but with `even_same` a plan in which all stays as
        it is, to show where instances stand.
        """
        old = self._of_version(session, key, from_version)
        new = self._of_version(session, key, to) if isinstance(to, int) else self._of_package(to)
        if old.content_hash == new.content_hash and not even_same:
            raise errors.Invalid({"to": [lazy_("两个版本内容相同，无须迁移")]})
        given = _checked(old, new, mapping or {})
        pairs = propose(old.diagram, new.diagram, given)
        here = self.standing(session, [Instance.definition_id == old.id], self.clock.now())
        total = session.scalar(sa.select(sa.func.count()).where(Instance.definition_id == old.id, _goes_on())) or 0
        nodes = tuple(self._node_plan(old, new, pairs, node, here.get(node.id, Standing())) for node in _drawn(old))
        return MigrationPlan(key, old, new, given, pairs, nodes, total)

    def _node_plan(
        self, old: Loaded, new: Loaded, pairs: Mapping[str, Pair], node: Node, standing: Standing
    ) -> NodePlan:
        # An event beside a step or a scope holds nothing back: where it is gone its wait ends with it.
        beside = bool(node.attached_to) or old.diagram.begins_waiting(node)
        return NodePlan(
            node,
            pairs[node.id],
            tuple(targets_for(node, new.diagram)),
            standing,
            () if beside else tuple(obstacles(old, new, pairs, node.id)),
            tuple(changes(self, old, new, pairs, node.id)),
        )

    def loaded_of(self, package: Package) -> Loaded:
        """A package as if it were deployed. CompileError where it does not even parse."""
        content_hash = package.content_hash
        given: Any = package.manifest.get("title")
        title = given if isinstance(given, dict) else {}
        return Loaded(
            id="",
            key=package.key,
            version=0,
            content_hash=content_hash,
            title={"zh": str(title.get("zh") or package.key), "en": str(title.get("en") or package.key)},
            manifest=dict(package.manifest),
            files=dict(package.files),
            diagram=read_diagram(package.diagram),
            specs=compiled.specs_of(package, b"", self.secret, content_hash),
        )

    def try_migration(self, plan: MigrationPlan, instances: Sequence[str] | None = None) -> list[Outcome]:
        """A dry run: each on a copy of its state, driven as far as it goes by itself, compared, thrown away."""
        with self.sessions() as session:
            ids = list(instances) if instances is not None else _ids(session, plan.old.id)
        return [self._try(plan.way, instance_id) for instance_id in ids]

    def _try(self, way: Way, instance_id: str) -> Outcome:
        act = Migrate(SYSTEM, way, instance_id)
        try:
            with self.sessions() as session:
                turn = act.open(self, session)
                turn.run(act.begin)
                act.require_same(turn)
                _require_round_trip(turn)
                session.rollback()
        except Exception as fault:
            reason, node_id = _why(fault)
            return Outcome(instance_id, False, reason, node_id, nodes=tuple(act.kept.get("nodes", ())))
        return Outcome(instance_id, True, steps=tuple(steps_of(turn)), nodes=tuple(act.kept["nodes"]))

    def migrate(
        self, plan: MigrationPlan, instances: Iterable[str] | None = None, *, reason: str, by: Actor
    ) -> Migration:
        """Have all (or these) instances of the old version moved by the worker, one by one.

        Conflict where the new version is not in force, or another migration of this process is under way.
        """
        reason = required_text(reason, "reason")
        with self.sessions() as session, write_transaction(session, alone=True):
            status = session.scalar(sa.select(Definition.status).where(Definition.id == plan.new.id))
            if status != "published":
                raise errors.Conflict(lazy_("只能迁移到已发布的版本"), status=status or "draft")
            under_way = sa.select(Migration.id).where(Migration.key == plan.key, Migration.status == "running")
            if (other := session.scalar(under_way)) is not None:
                raise errors.Conflict(lazy_("这个流程已有迁移正在进行"), status="running", migration=other)
            rows = _chosen(session, plan.old.id, instances)
            if not rows:
                raise errors.Conflict(lazy_("没有可以迁移的事项"), status="empty")
            now = self.clock.now()
            found = Migration(
                id=new_id(),
                key=plan.key,
                from_id=plan.old.id,
                to_id=plan.new.id,
                from_version=plan.old.version,
                to_version=plan.new.version,
                mapping=dict(plan.given),
                status="running",
                reason=reason,
                total=len(rows),
                created_at=now,
                by_id=by.id,
                by_name=by.name,
                by_org_id=by.org_id,
                by_org=by.org_name,
            )
            session.add(found)
            session.flush()
            common = {"migration_id": found.id, "status": "waiting", "attempts": 0, "undone_by_name": ""}
            session.execute(
                sa.insert(_ITEM),
                [
                    {"id": new_id(), "instance_id": row.id, "business_key": row.business_key, "number": number} | common
                    for number, row in enumerate(rows, 1)
                ],
            )
            told = {"key": plan.key, "from_version": plan.old.version, "to_version": plan.new.version}
            record(
                session, now, by, "migrations.started", "migration", found.id, **told, total=len(rows), reason=reason
            )
        return found

    def run_migrations(self, limit: int = BATCH) -> int:
        """A small batch of what waits; how many were worked on. What cannot move is written down and passed over."""
        if self.is_held():
            return 0
        with self.sessions() as session:
            select = (
                sa.select(*[column for column in _ITEM.c if column.name not in ("state", "before")])
                .join(_MIGRATION, _MIGRATION.c.id == _ITEM.c.migration_id)
                .where(_MIGRATION.c.status == "running", _ITEM.c.status == "waiting")
                .order_by(_ITEM.c.attempts, _MIGRATION.c.created_at, _ITEM.c.number)
                .limit(limit)
            )
            waiting = [dict(row) for row in session.execute(select).mappings()]
        began, done, ways = time.monotonic(), 0, dict[str, tuple[Way, Actor]]()
        for item in waiting:
            if done and time.monotonic() - began > SECONDS:
                break
            self._work_on(item, ways)
            done += 1
        self._close(begun=bool(waiting))
        return done

    def cancel_migration(self, migration_id: str, reason: str, *, by: Actor) -> None:
        """What has moved stays moved; what waits stays where it is. Conflict when it is over."""
        reason = required_text(reason, "reason")
        with self.sessions() as session, write_transaction(session, alone=True):
            stopped = sa.update(_MIGRATION).where(_MIGRATION.c.id == migration_id, _MIGRATION.c.status == "running")
            values = {"status": "cancelled", "finished_at": self.clock.now()}
            if session.execute(stopped.values(**values)).rowcount != 1:  # type: ignore[attr-defined]
                raise _gone(session, migration_id)
            left = sa.update(_ITEM).where(_ITEM.c.migration_id == migration_id, _ITEM.c.status == "waiting")
            session.execute(left.values(status="cancelled", reason={"code": "cancelled"}))
            record(session, self.clock.now(), by, "migrations.stopped", "migration", migration_id, reason=reason)

    def undo_migration(
        self, migration_id: str, items: Iterable[str] | None = None, *, by: Actor, seconds: float | None = None
    ) -> list[Outcome]:
        """Take instances back to the version they came from, those that nothing has happened to since. NotFound.

        With `seconds` it ends then, with at least one done: what is left out can be asked for again, and of all it
        begins with those that can be taken back.
        """
        began, results = time.monotonic(), list[Outcome]()
        with self.sessions() as session:
            if session.get(Migration, migration_id) is None:
                raise errors.NotFound()
            select = sa.select(_ITEM.c.id).join(_INSTANCE, _INSTANCE.c.id == _ITEM.c.instance_id)
            select = select.where(_ITEM.c.migration_id == migration_id)
            select = select.where(_ITEM.c.status == "done") if items is None else select.where(_ITEM.c.id.in_(items))
            found = session.scalars(select.order_by(_INSTANCE.c.rev != _ITEM.c.rev_after, _ITEM.c.number)).all()
            old = self.definition(session, _from(session, migration_id))
        if items is not None and not found:
            raise errors.NotFound()
        for item_id in found:
            if results and seconds is not None and time.monotonic() - began >= seconds:
                break
            with self.sessions() as session:  # one by one: each brings a whole state along
                item = dict(session.execute(sa.select(_ITEM).where(_ITEM.c.id == item_id)).mappings().one())
            results.append(self._undo(old, item, by))
        with self.sessions() as session, write_transaction(session, alone=True):
            numbers = {"undone": sum(one.ok for one in results), "kept": sum(not one.ok for one in results)}
            record(session, self.clock.now(), by, "migrations.undone", "migration", migration_id, **numbers)
        return results

    def forget_migrated(self, session: Session, limit: int = KEPT_AT_ONCE) -> int:
        """Let go of old states that nobody can go back to; how many. Inside a write transaction.

        Rule: an instance is taken back only while its item is `done`, no step ran at the move and its revision is the
        one that the move left (`Undo`). Revisions only rise and an item leaves `done` once, so whatever fails one of
        these fails it for good: its old state and rows are cleared. What stays is the item itself, with where the
        instance stood, what ran, and the revisions.
        """
        gone_on = sa.exists().where(_INSTANCE.c.id == _ITEM.c.instance_id, _INSTANCE.c.rev != _ITEM.c.rev_after)
        ran = sa.cast(_ITEM.c.steps, sa.Text).not_in(("[]", "null"))
        settled = sa.or_(_ITEM.c.status.not_in(("waiting", "done")), sa.and_(_ITEM.c.status == "done", gone_on | ran))
        found = session.scalars(sa.select(_ITEM.c.id).where(_ITEM.c.state.is_not(None), settled).limit(limit)).all()
        if found:
            nothing = {"state": None, "state_mac": None, "before": sa.null()}
            session.execute(sa.update(_ITEM).where(_ITEM.c.id.in_(found)).values(**nothing))
        return len(found)

    # --

    def _of_version(self, session: Session, key: str, version: int) -> Loaded:
        select = sa.select(Definition.id).where(Definition.key == key, Definition.version == version)
        definition_id = session.scalar(select)
        if definition_id is None:
            raise errors.NotFound()
        return self.definition(session, definition_id)

    def _of_package(self, package: Package) -> Loaded:
        try:
            loaded = self.loaded_of(package)
            for name in package.named("forms", ".json"):
                loaded.form(name)
            return loaded
        except CompileError as wrong:
            raise errors.Invalid({"to": [bilingual(wrong.zh, wrong.en)]}) from wrong
        except (XMLRefused, ValueError, KeyError, RecursionError) as wrong:
            raise errors.Invalid({"to": [lazy_("流程文件无法读取，请先校验")]}) from wrong

    def _work_on(self, item: Mapping[str, Any], ways: dict[str, tuple[Way, Actor]]) -> None:
        try:
            if item["migration_id"] not in ways:
                ways[item["migration_id"]] = self._way_of(item["migration_id"])
            way, by = ways[item["migration_id"]]
            self._turn(Migrate(by, way, item["instance_id"], item))
        except NotWanted:
            return
        except (Stale, errors.Busy, *UNAVAILABLE):
            self._set_back(item)
        except Exception as fault:
            reason, node_id = _why(fault)
            if reason.code == "fault":
                log.exception("migration of instance %s", item["instance_id"])
            self._fail(item, reason, node_id)

    def _way_of(self, migration_id: str) -> tuple[Way, Actor]:
        with self.sessions() as session:
            row = session.get_one(Migration, migration_id)
            old, new = self.definition(session, row.from_id), self.definition(session, row.to_id)
            by = Actor(row.by_id, row.by_name, row.by_org_id, row.by_org)
            return Way(old, new, propose(old.diagram, new.diagram, row.mapping)), by

    def _turn(self, act: Migrate | Undo) -> Turn:
        """As any turn, but a fault leaves no incident: the instance is to be as it was. Stale after lost races."""
        from app.engine.running.projections.saving import save

        with self.observed(act):
            for _attempt in range(TRIES):
                with self.sessions() as session:
                    try:
                        turn = act.open(self, session)
                        turn.run(act.begin)
                        if isinstance(act, Migrate):
                            act.require_same(turn)
                        with write_transaction(session):
                            complete_turn(turn, act, save)
                        return turn
                    except Stale:
                        continue
        raise Stale()

    def _undo(self, old: Loaded, item: Mapping[str, Any], by: Actor) -> Outcome:
        if item["status"] != "done":
            return Outcome(item["instance_id"], False, Reason("not_done"))
        try:
            self._turn(Undo(by, old, item))
        except (Stale, errors.Busy, *UNAVAILABLE):
            return Outcome(item["instance_id"], False, Reason("busy"))
        except Exception as fault:
            reason, node_id = _why(fault)
            if reason.code == "fault":
                log.exception("undoing the migration of instance %s", item["instance_id"])
            return Outcome(item["instance_id"], False, reason, node_id)
        return Outcome(item["instance_id"], True)

    def _set_back(self, item: Mapping[str, Any]) -> None:
        """Somebody is at work there: after the others it is tried again."""
        if item["attempts"] + 1 >= ATTEMPTS:
            self._fail(item, Reason("busy"), None)
            return
        self._write(item, attempts=item["attempts"] + 1)

    def _fail(self, item: Mapping[str, Any], reason: Reason, node_id: str | None) -> None:
        self._write(item, status="failed", reason=reason.as_json() | {"node": node_id}, done_at=self.clock.now())

    def _write(self, item: Mapping[str, Any], **values: Any) -> None:
        with self.sessions() as session, write_transaction(session):
            waits = sa.update(_ITEM).where(_ITEM.c.id == item["id"], _ITEM.c.status == "waiting")
            session.execute(waits.values(**values))

    def _close(self, *, begun: bool) -> None:
        """Migrations of which nothing waits any more are over."""
        waits = sa.exists().where(_ITEM.c.migration_id == _MIGRATION.c.id, _ITEM.c.status == "waiting")
        over = sa.and_(_MIGRATION.c.status == "running", ~waits)
        with self.sessions() as session:
            found = session.scalars(sa.select(_MIGRATION.c.id).where(over)).all() if begun else ()
        for migration_id in found:
            with self.sessions() as session, write_transaction(session):
                done = sa.update(_MIGRATION).where(_MIGRATION.c.id == migration_id, over)
                session.execute(done.values(status="done", finished_at=self.clock.now()))


def _checked(old: Loaded, new: Loaded, mapping: Mapping[str, str | None]) -> dict[str, str | None]:
    wrong: dict[str, list[Any]] = {}
    for source, target in mapping.items():
        if source not in old.nodes:
            wrong[f"mapping.{source}"] = [lazy_("原版本没有这个节点")]
        elif target is not None and target not in new.nodes:
            wrong[f"mapping.{source}"] = [lazy_("新版本没有这个节点")]
    if wrong:
        raise errors.Invalid(wrong)
    return dict(mapping)


def _drawn(loaded: Loaded) -> Iterable[Node]:
    return loaded.nodes.values()


def _goes_on() -> sa.ColumnElement[bool]:
    return Instance.status.in_(GOING)


def _ids(session: Session, definition_id: str) -> list[str]:
    select = sa.select(Instance.id).where(Instance.definition_id == definition_id, _goes_on())
    return list(session.scalars(select.order_by(Instance.started_at, Instance.id)))


def _chosen(session: Session, definition_id: str, instances: Iterable[str] | None) -> Sequence[Any]:
    select = sa.select(Instance.id, Instance.business_key).where(Instance.definition_id == definition_id, _goes_on())
    if instances is not None:
        select = select.where(Instance.id.in_(list(instances)))
    return session.execute(select.order_by(Instance.started_at, Instance.id)).all()


def _from(session: Session, migration_id: str) -> str:
    return str(session.execute(sa.select(_MIGRATION.c.from_id).where(_MIGRATION.c.id == migration_id)).scalar_one())


def _gone(session: Session, migration_id: str) -> errors.DubanError:
    status = session.scalar(sa.select(_MIGRATION.c.status).where(_MIGRATION.c.id == migration_id))
    return errors.NotFound() if status is None else errors.Conflict(lazy_("这次迁移已经结束"), status=status)


def _require_round_trip(turn: Turn) -> None:
    try:
        serializing.require_round_trip(serializing.dump(turn.workflow), turn.loaded.specs)
    except ValueError as error:
        raise CannotMove(Reason("not_restored")) from error


def _why(fault: BaseException) -> tuple[Reason, str | None]:
    """What is told of an instance that stays where it is."""
    if isinstance(fault, StepFailed):
        return _why(fault.cause)
    if isinstance(fault, CannotMove):
        return fault.reason, fault.node_id
    if isinstance(fault, Overrun):
        return Reason("no_rest"), None
    if isinstance(fault, DamagedState):
        return Reason("damaged"), None
    if isinstance(fault, errors.Conflict) and (status := fault.extra.get("status")):
        return Reason(status if status in ("suspended", "quarantined") else "not_running"), None
    if isinstance(fault, (Stale, errors.Busy, *UNAVAILABLE)):
        return Reason("busy"), None
    return Reason("fault", {"detail": message_of(fault)[:200]}), None
