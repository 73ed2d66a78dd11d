from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session

from app.db import Base, CoreSession


class RequestSession(CoreSession, Session):
    """Flask-SQLAlchemy's, with the short way for what is said without mapped classes."""


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": RequestSession, "expire_on_commit": False})
