"""`duban users …`: the first administrator, tokens for programs, and the way back in when nobody can sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import click
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.directory import AccountsDirectory
from app.accounts.models import ROLES, Grant, Organisation, User
from app.accounts.operations import People
from app.accounts.security.attempts import find_user
from app.accounts.security.passwords import problems, set_password
from app.audit import SYSTEM
from app.db import write_transaction
from app.errors import DubanError, Invalid


@click.group()
def users() -> None:
    """Accounts, tokens, unlocking."""


@contextmanager
def _people() -> Iterator[People]:
    """Operations by the system in one write transaction of the application that the command line built."""
    build = cast("Callable[[], Flask]", click.get_current_context().find_root().obj)
    app = build()
    with app.app_context(), app.extensions["duban.sessions"]() as session:
        try:
            with write_transaction(session, alone=True):
                yield People(session, SYSTEM, app.extensions["duban.clock"].now())
        except Invalid as wrong:
            texts = [str(text) for messages in wrong.errors.values() for text in messages]
            raise click.ClickException("；".join(texts) or str(wrong.detail)) from wrong
        except DubanError as wrong:
            raise click.ClickException(str(wrong.detail)) from wrong


def _named(session: Session, username: str) -> User:
    user = find_user(session, username)
    if user is None:
        raise click.ClickException(f"没有用户 / no such user: {username}")
    return user


def _organisation(session: Session, text: str | None) -> Organisation:
    """The organisation that an id, code or name means; on an empty database the committee office is made, one that
    is the only one need not be named.
    """
    if text and (found := AccountsDirectory().organisation(session, text)):
        return session.get_one(Organisation, found)
    existing = session.scalars(sa.select(Organisation).order_by(Organisation.code).limit(2)).all()
    if not existing:
        name = text or "安全生产委员会办公室"
        org = Organisation(code="AWB", name=name, short_name=name[:60], kind="awc_office")
        session.add(org)
        session.flush()
        return org
    if text is None and len(existing) == 1:
        return existing[0]
    if text is None:
        raise click.ClickException("用 --org 指明单位 / name the organisation with --org")
    raise click.ClickException(f"没有单位 / no such organisation: {text}")


@users.command("add")
@click.argument("username")
@click.option("--name", prompt="姓名 / name")
@click.option("--org", help="Organisation by id, code or name; made on an empty database.")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="May be repeated.  [default: admin]")
@click.option("--password", prompt="密码 / password", hide_input=True, confirmation_prompt=True)
@click.option("--temporary", is_flag=True, help="The password must be changed at the first sign-in.")
def add(username: str, name: str, org: str | None, roles: tuple[str, ...], password: str, temporary: bool) -> None:
    """Add a person, for instance the first administrator. Refuses a weak password."""
    with _people() as people:
        if weak := problems(password, username, name):
            raise Invalid({"password": weak})
        organisation = _organisation(people.session, org)
        user = people.create({"username": username, "name": name, "org_id": organisation.id})
        for role in roles or ("admin",):
            people.grant(user, role, organisation)
        set_password(user, password, temporary=temporary)
    click.echo(f"{username}: {', '.join(roles or ('admin',))} @ {organisation.name}")


@users.command("token")
@click.argument("username", required=False)
@click.option("--role", type=click.Choice(ROLES), help="Instead of a user name: somebody who holds this role.")
@click.option("--org", help="With --role: of this organisation (id, code or name).")
@click.option("--name", default="command line", show_default=True, help="What the token is called in the account page.")
@click.option("--days", type=int, default=90, show_default=True, help="Valid for so many days; 0: until revoked.")
def token(username: str | None, role: str | None, org: str | None, name: str, days: int) -> None:
    """Print a new personal token for the API, of USERNAME or of a person who holds a role."""
    if (username is None) == (role is None):
        raise click.UsageError("USERNAME 与 --role 选一项 / give either USERNAME or --role")
    with _people() as people:
        user = _named(people.session, username) if username else _holder(people.session, str(role), org)
        if not user.active:
            raise click.ClickException(f"账户已停用 / inactive: {user.username}")
        _token, secret = people.issue_token(user, name, days or None)
    click.echo(f"{user.username} {user.name} @ {user.organisation.short_name}", err=True)
    click.echo(secret)


def _holder(session: Session, role: str, org: str | None) -> User:
    """The first active person, by user name, who was granted exactly this role."""
    held = sa.select(Grant.user_id).where(Grant.role == role)
    if org is not None:
        held = held.where(Grant.org_id == _organisation(session, org).id)
    usable = sa.select(User).where(User.active, User.id.in_(held)).order_by(User.must_change_password, User.username)
    user = session.scalars(usable.limit(1)).first()
    if user is None:
        raise click.ClickException(f"没有人担任 / nobody holds: {role}")
    return user


@users.command("unlock")
@click.argument("username")
def unlock(username: str) -> None:
    """Unlock an account after too many failed attempts."""
    with _people() as people:
        people.unlock(_named(people.session, username))
    click.echo(f"已解锁 / unlocked: {username}")


@users.command("reset-password")
@click.argument("username")
def reset_password(username: str) -> None:
    """Print a temporary password, which must be changed at the next sign-in."""
    with _people() as people:
        password = people.issue_password(_named(people.session, username))
    click.echo(password)


@users.command("list")
def list_users() -> None:
    """User names, names, organisations and roles."""
    with _people() as people:
        for user in people.session.scalars(sa.select(User).order_by(User.username)).unique():
            roles = ", ".join(sorted({grant.role for grant in user.grants})) or "-"
            state = "" if user.active else "  (inactive)"
            click.echo(f"{user.username}\t{user.name}\t{user.organisation.short_name}\t{roles}{state}")
