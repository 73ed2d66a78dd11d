"""Verbs on definitions: check, deploy, publish, export."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import SYSTEM, Actor, record
from app.db import write_transaction
from app.engine.checking import Known, Problem, Variable, check_package, variables_of
from app.engine.core import Core, Loaded
from app.engine.models import Definition, DefinitionFile
from app.engine.packages import compiled
from app.engine.packages.package import Package
from app.engine.running.acts.asking import Asking
from app.i18n import lazy_


class DefinitionVerbs(Core):
    def check(self, package: Package, known: Known = (), earlier: Package | None = None) -> list[Problem]:
        """Every problem of a package at once; `known` are processes that may be called or started by name.

        With their packages it is also seen what they take, and whether they start one another in a circle. With the
        `earlier` version it is seen whether its statutory steps are all still on the way.
        """
        return check_package(
            package,
            lanes=self.lanes,
            roles=self.directory.roles(),
            rules=self.calendar.rules(),
            services=self.services,
            form_check=self.forms.check if self.forms else None,
            language=self.language,
            known=known,
            earlier=earlier,
        )

    def neighbours(self, session: Session) -> dict[str, Package]:
        """Every process by its key, as it is published; empty where no version of it is."""
        there: dict[str, Package] = {}
        for key in session.scalars(sa.select(Definition.key).distinct().order_by(Definition.key)).all():
            published = self.published(session, key)
            there[key] = published.package if published else Package(key, {})
        return there

    def variables(self, package: Package) -> tuple[Variable, ...]:
        """Every variable that a package knows of, with the step that sets it; one that several set stands often."""
        return variables_of(package, lanes=self.lanes, services=self.services, language=self.language)

    def last_in_force(self, session: Session, key: str) -> Package | None:
        """The published version; of a retired process the one that was published last. None where none ever was."""
        select = sa.select(Definition.id).where(Definition.key == key, Definition.published_at.is_not(None))
        order = (Definition.status != "published", Definition.published_at.desc(), Definition.version.desc())
        definition_id = session.scalar(select.order_by(*order).limit(1))
        return self.definition(session, definition_id).package if definition_id else None

    def deploy(
        self, package: Package, *, by: Actor, publish: bool = True, known: Known = (), lawful: bool = False
    ) -> Definition:
        """Store a new version, or find the one that has this content already: then nothing changes.

        `lawful` refuses what drops or goes round a statutory step of the version that is or was last in force. Raises
        Invalid with every problem of severity error.
        """
        content_hash = package.content_hash
        with self.sessions() as session:
            if found := _same_content(session, package.key, content_hash):
                return found
            self._refuse_faulty(session, package, known, lawful)
        specs = compiled.sealed(package, self.secret, content_hash)
        with self.sessions() as session, write_transaction(session, alone=True):
            if found := _same_content(session, package.key, content_hash):
                return found
            row = _insert(session, package, content_hash, specs, by, self.clock.now())
            if publish:
                _publish(session, row, by, self.clock.now())
            return row

    def _refuse_faulty(self, session: Session, package: Package, known: Known, lawful: bool) -> None:
        there = self.neighbours(session)
        earlier = self.last_in_force(session, package.key) if lawful else None
        there |= known if isinstance(known, Mapping) else {key: Package(key, {}) for key in known if key not in there}
        problems = [p for p in self.check(package, there, earlier) if p.severity == "error"]
        if problems:
            raise errors.Invalid(detail=lazy_("流程没有通过检查，不能部署"), problems=problems)

    def publish(self, key: str, version: int, *, by: Actor, lawful: bool = False) -> Definition:
        """Make a version the one that new instances get. A second person must do it (unless `publish_alone`)."""
        with self.sessions() as session, write_transaction(session, alone=True):
            row = _version(session, key, version)
            if by.id is not None and row.author_id == by.id and not self.publish_alone:
                raise errors.Forbidden(lazy_("编辑流程的人不能自己发布，须由另一人发布"))
            return self.publish_within(session, key, version, by=by, lawful=lawful)

    def publish_within(self, session: Session, key: str, version: int, *, by: Actor, lawful: bool = True) -> Definition:
        """The same inside a transaction of the caller, who has seen to it that a second person agreed."""
        row = _version(session, key, version)
        if row.status == "published":
            raise errors.Conflict(lazy_("这个版本已经发布"), status=row.status)
        if lawful:
            self._refuse_faulty(session, self.definition(session, row.id).package, (), lawful=True)
        _publish(session, row, by, self.clock.now())
        return row

    def deploy_within(self, session: Session, package: Package, *, author: Actor, publisher: Actor) -> Definition:
        """Store and publish what one person wrote and another one agreed to, inside a transaction of the caller.

        What is stored already is only published. Raises Invalid as `deploy` does, statutory steps included.
        """
        self._refuse_faulty(session, package, (), lawful=True)
        row = _same_content(session, package.key, package.content_hash)
        if row is None:
            specs = compiled.sealed(package, self.secret, package.content_hash)
            row = _insert(session, package, package.content_hash, specs, author, self.clock.now())
        if row.status != "published":
            _publish(session, row, publisher, self.clock.now())
        return row

    def retire_within(self, session: Session, key: str, *, by: Actor) -> Definition:
        """No new instances of a process from now on; running ones go on. NotFound where nothing is published."""
        row = session.scalar(sa.select(Definition).where(Definition.key == key, Definition.status == "published"))
        if row is None:
            raise errors.NotFound()
        row.status = "retired"
        session.flush()
        record(session, self.clock.now(), by, "definitions.retired", "definition", row.id, key=key, version=row.version)
        return row

    def export(self, key: str, version: int | None = None) -> Package:
        """The files of a version (the published one if none is named), byte for byte as deployed. NotFound."""
        select = sa.select(Definition.id).where(Definition.key == key)
        select = (
            select.where(Definition.version == version) if version else select.where(Definition.status == "published")
        )
        with self.sessions() as session:
            definition_id = session.scalar(select)
            if definition_id is None:
                raise errors.NotFound()
            return self.definition(session, definition_id).package

    def definitions(self) -> list[Definition]:
        """Every version of every process, newest first within a process."""
        with self.sessions() as session:
            return list(session.scalars(sa.select(Definition).order_by(Definition.key, Definition.version.desc())))

    def startable(self, session: Session, user_id: str) -> list[Loaded]:
        """Published processes that the person may start."""
        ids = session.scalars(
            sa.select(Definition.id).where(Definition.status == "published").order_by(Definition.key)
        ).all()
        asking = Asking(self, session, (), user_id)
        published = [self.definition(session, definition_id) for definition_id in ids]
        return [loaded for loaded in published if any(asking.is_candidate(role, None) for role in _starters(loaded))]

    def may_start(self, session: Session, loaded: Loaded, user_id: str) -> bool:
        return any(self.directory.is_candidate(session, user_id, role, None) for role in _starters(loaded))


def _version(session: Session, key: str, version: int) -> Definition:
    row = session.scalar(sa.select(Definition).where(Definition.key == key, Definition.version == version))
    if row is None:
        raise errors.NotFound()
    return row


def _starters(loaded: Loaded) -> list[str]:
    return list(loaded.manifest.get("starters") or [])


def _same_content(session: Session, key: str, content_hash: str) -> Definition | None:
    return session.scalar(sa.select(Definition).where(Definition.key == key, Definition.content_hash == content_hash))


def _insert(
    session: Session, package: Package, content_hash: str, specs: bytes, by: Actor, now: dt.datetime
) -> Definition:
    newest = session.scalar(sa.select(sa.func.max(Definition.version)).where(Definition.key == package.key)) or 0
    title: Any = package.manifest.get("title") or {}
    row = Definition(
        key=package.key,
        version=newest + 1,
        content_hash=content_hash,
        status="draft",
        title_zh=str(title.get("zh") or package.key),
        title_en=str(title.get("en") or package.key),
        manifest=dict(package.manifest),
        author_id=by.id,
        publisher_id=None,
        created_at=now,
        published_at=None,
    )
    session.add(row)
    session.flush()
    for name, content in [*package.files.items(), (compiled.NAME, specs)]:
        session.add(DefinitionFile(definition_id=row.id, name=name, content=content))
    record(session, now, by, "definitions.deployed", "definition", row.id, key=row.key, version=row.version)
    return row


def _publish(session: Session, row: Definition, by: Actor, now: dt.datetime) -> None:
    session.execute(
        sa.update(Definition)
        .where(Definition.key == row.key, Definition.status == "published", Definition.id != row.id)
        .values(status="retired")
    )
    row.status, row.publisher_id, row.published_at = "published", by.id if by is not SYSTEM else None, now
    session.flush()
    record(session, now, by, "definitions.published", "definition", row.id, key=row.key, version=row.version)
