"""Writes on accounts. Each is audited in the transaction of the caller; none commits. Rights: access.py."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import SEPARATED, ApiToken, Grant, Organisation, User
from app.accounts.queries import holder_count, name_taken, open_task_count
from app.accounts.roles import fits, separation_problem
from app.accounts.security import tokens
from app.accounts.security.attempts import account_key, forget_failures
from app.accounts.security.passwords import set_password, temporary_password
from app.audit import Actor
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _
from app.web import WebSession


class People:
    """What an actor does to accounts at one instant, in one session."""

    def __init__(self, session: Session, by: Actor, at: dt.datetime) -> None:
        self.session, self.by, self.at = session, by, at

    def create(self, data: Mapping[str, Any]) -> User:
        """An account without password and roles: it opens nothing until both are given (docs/adr/0010)."""
        if name_taken(self.session, data["username"]):
            raise Invalid({"username": [_("用户名已被使用")]})
        self._active_org(data["org_id"])
        self._free_email(data.get("email"), None)
        user = User(**data, created_at=self.at)
        self.session.add(user)
        self.session.flush()
        self._record("users.created", user, username=user.username, org=user.org_id)
        return user

    def edit(self, user: User, data: Mapping[str, Any]) -> None:
        if data.get("org_id", user.org_id) != user.org_id:
            self._active_org(data["org_id"])
        self._free_email(data.get("email"), user)
        changed = {key: value for key, value in data.items() if getattr(user, key) != value}
        for key, value in changed.items():
            setattr(user, key, value)
        if changed:
            self._record("users.edited", user, changed=changed)

    def deactivate(self, user: User, tasks: Sequence[Sequence[str]] = ()) -> None:
        """Close the account: sessions and tokens end at once. Conflict while the person holds tasks.

        `tasks` are those that were handed over before: (task, to whom), for the record.
        """
        self.may_leave(user)
        if count := open_task_count(self.session, user.id):
            raise Conflict(_("名下还有 %(count)s 项待办，先转给他人", count=count))
        user.active = False
        self._end_sessions(user)
        tokens.revoke_all(self.session, user.id)
        self._record("users.deactivated", user, **({"tasks": [list(pair) for pair in tasks]} if tasks else {}))

    def may_leave(self, user: User) -> None:
        """Conflict where the account cannot be closed at all, whatever becomes of the tasks."""
        if not user.active:
            raise Conflict(_("该账户已停用"))
        if user.id == self.by.id:
            raise Conflict(_("不能停用自己的账户"))
        for role in SEPARATED[:2]:
            if user.has(role):
                self._one_remains(role)

    def activate(self, user: User) -> None:
        if user.active:
            raise Conflict(_("该账户未停用"))
        user.active = True
        self._record("users.activated", user)

    def issue_password(self, user: User) -> str:
        """A one-time temporary password, shown once. Ends all sessions and tokens: those may be in other hands."""
        password = temporary_password()
        self._end_sessions(user)
        tokens.revoke_all(self.session, user.id)
        set_password(user, password, temporary=True)
        self._forget_failures(user)
        self._record("users.password_issued", user)
        return password

    def unlock(self, user: User) -> None:
        if user.locked_until is None:
            raise Conflict(_("该账户没有被锁定"))
        self._forget_failures(user)
        self._record("users.unlocked", user)

    def grant(self, user: User, role: str, org: Organisation) -> None:
        """Give a role in an organisation, if it fits there and beside what the person holds (三员分立)."""
        held = {grant.role for grant in user.grants}
        if any(grant.role == role and grant.org_id == org.id for grant in user.grants):
            raise Conflict(_("已有这项角色"))
        if not org.active:
            raise Invalid({"org_id": [_("该单位已停用")]})
        if not fits(role, org.kind):
            raise Invalid({"role": [_("这项角色不适用于该类单位")]})
        if problem := separation_problem(held | {role}):
            raise Invalid({"role": [problem]})
        user.grants.append(Grant(role=role, org_id=org.id))
        self.session.flush()
        self._record("users.role_granted", user, role=role, org=org.id)

    def revoke(self, user: User, role: str, org_id: str) -> None:
        found = next((g for g in user.grants if g.role == role and g.org_id == org_id), None)
        if found is None:
            raise NotFound()
        if role in SEPARATED[:2]:
            self._one_remains(role)
        user.grants.remove(found)
        self.session.flush()
        self._record("users.role_revoked", user, role=role, org=org_id)

    def issue_token(self, user: User, name: str, days: int | None) -> tuple[ApiToken, str]:
        token, secret = tokens.issue(self.session, user, name, days)
        self._record("users.token_issued", user, token=token.id, name=name, days=days)
        return token, secret

    def revoke_token(self, user: User, token: ApiToken) -> None:
        token.revoked_at = dt.datetime.now(dt.UTC)
        self._record("users.token_revoked", user, token=token.id, name=token.name)

    def end_session(self, user: User, stored: WebSession) -> None:
        self.session.delete(stored)
        self._record("users.session_ended", user)

    def _one_remains(self, role: str) -> None:
        if holder_count(self.session, role) < 2:
            raise Conflict(_("这是最后一名，先指定接任人员"))

    def _active_org(self, org_id: str) -> None:
        org = self.session.get(Organisation, org_id)
        if org is None or not org.active:
            raise Invalid({"org_id": [_("没有这个单位，或者已停用")]})

    def _free_email(self, email: str | None, user: User | None) -> None:
        holder = self.session.scalar(sa.select(User.id).where(User.email == email)) if email else None
        if holder is not None and (user is None or holder != user.id):
            raise Invalid({"email": [_("邮箱已被使用")]})

    def _end_sessions(self, user: User) -> None:
        self.session.execute(sa.delete(WebSession).where(WebSession.user_key == user.fs_uniquifier))

    def _forget_failures(self, user: User) -> None:
        user.locked_until = None
        forget_failures(self.session, account_key(user.username, current_app.config["SECRET_KEY"]))

    def _record(self, action: str, user: User, **detail: Any) -> None:
        audit.record(self.session, self.at, self.by, action, "user", user.id, **detail)
