"""Settings from the environment. In production a weak secret or the testing mode stops the start."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class ConfigurationError(RuntimeError):
    """The environment asks for something unsafe or impossible."""


@dataclass(frozen=True)
class Settings:
    home: Path
    database_url: str
    secret_key: str
    production: bool = False
    testing: bool = False
    port: int = 5000
    web_processes: int = 2  # of gunicorn, in production
    web_threads: int = 8  # of each of them
    worker_hang_seconds: int = 600  # a batch that runs longer ends its worker
    worker_memory_mb: int = 1024  # a worker that holds more ends
    metrics_token: str = ""  # who may read figures over the network; without it only this machine
    bpmn: Path = field(default=ROOT / "bpmn")
    site_name: str = "望海市安委办"  # whose system this is, beside the name of the product
    site_name_en: str = "Wanghai Safety Committee Office"

    @property
    def uploads(self) -> Path:
        """Where attachments lie: outside the web root."""
        return self.home / "files"


def load_settings(environ: dict[str, str] | None = None) -> Settings:
    """Read the variables DUBAN_… that docs/commands.md lists."""
    env = os.environ if environ is None else environ
    home = Path(env.get("DUBAN_HOME") or ROOT / "data").resolve()
    production = env.get("DUBAN_ENV") == "production"
    testing = env.get("DUBAN_TESTING") == "1"
    if production and testing:
        raise ConfigurationError("DUBAN_TESTING=1 is refused with DUBAN_ENV=production")
    secret = env.get("DUBAN_SECRET_KEY", "")
    if production and len(secret) < 32:
        raise ConfigurationError("DUBAN_SECRET_KEY must have at least 32 characters with DUBAN_ENV=production")
    home.mkdir(parents=True, exist_ok=True)
    return Settings(
        home=home,
        database_url=env.get("DUBAN_DATABASE_URL") or f"sqlite:///{home / 'duban.sqlite'}",
        secret_key=secret or _kept_secret(home),
        production=production,
        testing=testing,
        port=int(env.get("DUBAN_PORT") or 5000),
        web_processes=_number(env, "DUBAN_WEB_PROCESSES", Settings.web_processes),
        web_threads=_number(env, "DUBAN_WEB_THREADS", Settings.web_threads),
        worker_hang_seconds=_number(env, "DUBAN_WORKER_HANG_SECONDS", Settings.worker_hang_seconds),
        worker_memory_mb=_number(env, "DUBAN_WORKER_MEMORY_MB", Settings.worker_memory_mb),
        metrics_token=env.get("DUBAN_METRICS_TOKEN", "").strip(),
        **_site(env),
    )


def _number(env: Mapping[str, str], name: str, usual: int) -> int:
    """A whole number of at least one."""
    given = env.get(name, "").strip() or str(usual)
    if not given.isdecimal() or int(given) < 1:
        raise ConfigurationError(f"{name} must be a whole number of at least 1, not {given!r}")
    return int(given)


def _site(env: Mapping[str, str]) -> dict[str, Any]:
    """The office's name; one that gives no English name is called by its Chinese one in English too."""
    if not (name := env.get("DUBAN_SITE_NAME", "").strip()):
        return {}
    return {"site_name": name, "site_name_en": env.get("DUBAN_SITE_NAME_EN", "").strip()}


def _kept_secret(home: Path) -> str:
    """A secret made on the first start and kept beside the data, so that sessions survive a restart."""
    path = home / "secret_key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(48))
        path.chmod(0o600)
    return path.read_text().strip()
