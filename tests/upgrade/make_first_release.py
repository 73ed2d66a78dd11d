"""Made `first_release.tar.xz`: a city as the first release left it, with an instance in every state.

It ran once, on the first release's own code, and is kept to show what the archive holds:

    git worktree add --detach FOLDER ed7702f
    cd FOLDER && PYTHONPATH=FOLDER python FOLDER-OF-THIS-FILE/make_first_release.py first_release.tar.xz

The archive is never made anew by later code: it is what upgrades are tested on.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import sqlite3
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PIL import Image, ImageDraw

from app import create_app, demo
from app.audit import Actor
from app.clock import SHANGHAI, FixedClock, local
from app.config import Settings
from app.db import write_transaction
from app.demo import play
from app.engine import Engine, HumanTask, Incident, Instance, Timer, load_folder
from app.engine.models import Outbox
from app.errors import Conflict
from app.migrate import upgrade
from app.setup import install

SECRET = "test-only-first-release-" + "x" * 40
NOW = dt.datetime(2026, 4, 9, 10, tzinfo=SHANGHAI)


def small_photo(seed: int, *, after: bool, at: dt.datetime) -> bytes:
    image = Image.new("L", (64, 48), 40 + seed % 150)
    ImageDraw.Draw(image).text((2, 2), f"{seed} {after:d} {local(at):%m%d}", fill=255)
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=40)
    return out.getvalue()


class City:
    def __init__(self, home: Path) -> None:
        self.home, self.clock = home, FixedClock(NOW)
        self.app = create_app(
            Settings(home=home, database_url=f"sqlite:///{home / 'duban.sqlite'}", secret_key=SECRET), self.clock
        )
        self.engine: Engine = self.app.extensions["duban.engine"]
        self.sessions = self.engine.sessions

    def build(self) -> None:
        play.draw, play.STORIES = small_photo, play.STORIES[::2]
        upgrade(self.app)
        with self.app.app_context():
            install(self.app)
            demo.build(self.app)
            self.engine.deploy(load_folder(Path(__file__).parent / "long_waits"), by=self.person("wangjianguo"))
            self._long_waits()
            self._verbs()
            self._outbox()
            self.app.test_client().get("/login")  # a row of a web session
        self.sessions.kw["bind"].dispose()

    def person(self, username: str) -> Actor:
        from app.accounts import Organisation, User

        with self.sessions() as session:
            user = session.scalars(sa.select(User).where(User.username == username)).one()
            org = session.get_one(Organisation, user.org_id)
            return Actor(user.id, user.name, org.id, org.short_name)

    def staff(self) -> Actor:
        from app.accounts import Grant, User

        with self.sessions() as session:
            username = session.scalars(
                sa.select(User.username).join(Grant).where(Grant.role == "dept_staff").order_by(User.username)
            ).first()
        assert username
        return self.person(username)

    def one(self, select: Any) -> Any:
        with self.sessions() as session:
            return session.scalars(select.limit(1)).one()

    def _long_waits(self) -> None:
        """Waiting by the diagram's timers, with an incident, suspended, quarantined."""
        by, engine = self.staff(), self.engine
        ids = {
            name: engine.start("long_waits", {"divisor": divisor, "supervising_org_id": by.org_id}, by=by).instance_id
            for name, divisor in (("waiting", 4), ("incident", 0), ("suspended", 5), ("quarantined", 8), ("inner", 10))
        }
        engine.advance_to(NOW + dt.timedelta(days=3), self.clock.set)
        within = sa.select(HumanTask).where(HumanTask.instance_id == ids["inner"], HumanTask.node_id == "within")
        engine.complete(self.one(within).id, {}, by=by)
        engine.suspend(ids["suspended"], "等待上级答复", by=by)
        with self.sessions() as session, write_transaction(session):
            session.execute(sa.update(Instance).where(Instance.id == ids["quarantined"]).values(state_mac="0" * 64))
        broken = self.one(sa.select(HumanTask).where(HumanTask.instance_id == ids["quarantined"]))
        with contextlib.suppress(Conflict):
            engine.complete(broken.id, {}, by=by)
        incident = self.one(sa.select(Incident).where(Incident.instance_id == ids["incident"]))
        engine.retry(incident.id, by=by)

    def _verbs(self) -> None:
        """A draft, a comment, a suspended hazard, a task whose rung is due in an hour."""
        engine, office = self.engine, self.person("wangjianguo")
        opened = sa.select(HumanTask).join(Instance, Instance.id == HumanTask.instance_id)
        opened = opened.where(HumanTask.status == "open", Instance.status == "running").order_by(HumanTask.id)
        claimed = self.one(opened.where(HumanTask.node_id == "rectify", HumanTask.assignee_id.is_not(None)))
        holder = Actor(claimed.assignee_id, claimed.assignee_name, claimed.org_id, "")
        engine.save_draft(claimed.id, {"measures": "已联系施工单位"}, by=holder)
        engine.comment(claimed.id, "请注意时限", by=holder)
        engine.suspend(self.one(opened.where(HumanTask.node_id == "order")).instance_id, "企业停产核实中", by=office)

    def _outbox(self) -> None:
        """Half-way: sent, waiting, tried in vain, given up; and a timer whose worker died holding it."""
        late = sa.select(HumanTask).join(Instance, Instance.id == HumanTask.instance_id)
        late = late.where(HumanTask.status == "open", Instance.status == "running", HumanTask.due_at < self.clock.now())
        late = late.where(HumanTask.node_id.in_(("receive", "rectify", "review")))
        with self.sessions() as session:
            tasks = session.scalars(late.order_by(HumanTask.id).limit(5)).all()
        for task in tasks:
            self.engine.urge(task.id, "请今日反馈", by=self.person("wangjianguo"))
        with self.sessions() as session, write_transaction(session):
            waiting = session.scalars(sa.select(Outbox).where(Outbox.state == "waiting").order_by(Outbox.id)).all()
            waiting[0].state, waiting[0].attempts, waiting[0].error = "failed", 8, "OSError: no route to host"
            waiting[1].attempts, waiting[1].error = 2, "TimeoutError: timed out"
            waiting[1].next_attempt_at = self.clock.now() + dt.timedelta(minutes=4)
            timer = session.scalars(
                sa.select(Timer).where(Timer.kind == "event", Timer.state == "waiting").order_by(Timer.due_at)
            ).first()
            assert timer
            timer.lease_until, timer.fence = self.clock.now(), timer.fence + 1

    def pack(self, archive: Path) -> None:
        with sqlite3.connect(self.home / "duban.sqlite") as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("VACUUM")
        with tarfile.open(archive, "w:xz", preset=9) as tar:
            for path in sorted(self.home.rglob("*")):
                if path.is_file():
                    info = tar.gettarinfo(path, str(path.relative_to(self.home)))
                    info.uid = info.gid = info.mtime = 0
                    info.uname = info.gname = ""
                    tar.addfile(info, io.BytesIO(path.read_bytes()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        city = City(Path(folder))
        city.build()
        city.pack(Path(sys.argv[1]))
