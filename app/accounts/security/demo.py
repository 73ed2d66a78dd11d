"""The people of a demo city, offered on the sign-in page for a newcomer to be each of them. Never in production."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Flask

from app import web

# Where whoever builds a demo city leaves a function that names its accounts.
KEY = "duban.demo_accounts"


@dataclass(frozen=True)
class DemoAccount:
    """One person to try. `post` says what the person is there to show, in the present language."""

    username: str
    password: str
    name: str
    post: str


def offer(app: Flask, accounts: Callable[[], Sequence[DemoAccount]]) -> None:
    """Let the sign-in page show these accounts; asked anew for every page, since a database may be filled later."""
    app.extensions[KEY] = accounts


def init_app(app: Flask) -> None:
    def offered() -> Sequence[DemoAccount]:
        named: Callable[[], Sequence[DemoAccount]] | None = app.extensions.get(KEY)
        return () if named is None or web.settings().production else named()

    app.jinja_env.globals["demo_accounts"] = offered
