from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy

from app.db import Base

db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})
