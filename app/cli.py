"""The `duban` command line, also reachable as `python3 run.py <same words>`."""

from __future__ import annotations

import errno
import json
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import click
from flask import Flask

from app import collecting, create_app, logs, worker
from app import demo as demo_city
from app.audit import SYSTEM
from app.config import ConfigurationError, Settings, load_settings
from app.i18n import pick
from app.migrate import upgrade
from app.setup import install


class Duban(click.Group):
    """Builds the application once, and only for commands that need it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigurationError as wrong:
            raise click.ClickException(str(wrong)) from wrong


def application(*, migrate: bool = True) -> Flask:
    """The application on an up-to-date database."""
    app = create_app()
    demo_city.offer(app)
    if migrate:
        upgrade(app)
        with app.app_context():
            install(app)
    return app


@click.group(cls=Duban)
def cli() -> None:
    """督办 Duban: work-safety supervision driven by processes."""


@cli.command()
@click.option("--port", type=int, help="Port; default DUBAN_PORT or 5000.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--demo/--no-demo", default=True, help="Fill an empty database with the demo city.")
@click.option(
    "--scheduler/--no-scheduler",
    default=None,
    help="Run timers and outbox in this process; default: yes, but in production a `duban worker` does.",
)
def serve(port: int | None, host: str, demo: bool, scheduler: bool | None) -> None:
    """Serve the web interface; while developing with the scheduler in the same process."""
    settings = load_settings()
    port = port or settings.port
    _require_free(host, port)
    logs.configure(production=settings.production)
    if settings.production and not scheduler:
        _serve_production(settings, host, port)
    else:
        _serve_alone(host, port, demo=demo, scheduler=scheduler is not False)


def _require_free(host: str, port: int) -> None:
    """Said before anything is built, and without a traceback."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as taken:
        raise click.ClickException(
            f"不能在 {host}:{port} 上提供服务：{_why(taken)}，请用 --port 或 DUBAN_PORT 另选端口"
            f" / Cannot serve on {host}:{port}: {taken.strerror}; choose another port by --port or DUBAN_PORT"
        ) from None


def _why(taken: OSError) -> str:
    words = {errno.EADDRINUSE: "端口已被占用", errno.EACCES: "没有使用这个端口的权限"}
    return words.get(taken.errno or 0, "地址不可用")


def _serve_production(settings: Settings, host: str, port: int) -> None:
    from app import server

    server.share_figures()
    app = application()  # the schema is up to date before anybody is answered
    app.extensions["duban.sessions"].kw["bind"].dispose()
    server.serve(lambda: application(migrate=False), settings, host, port)


def _serve_alone(host: str, port: int, *, demo: bool, scheduler: bool) -> None:
    """One process for everything. SIGTERM ends it like Ctrl-C: the present batch is finished first."""
    import waitress

    app = application()
    settings = app.extensions["duban.settings"]
    with app.app_context():
        if demo and not settings.production and demo_city.is_empty():
            click.echo("正在建立演示城市“望海市” / building the demo city …")
            demo_city.build(app)
    running = worker.start(app) if scheduler else None
    click.echo(f"督办 Duban: http://{host}:{port}/")
    with app.app_context():
        if not settings.production:
            _echo_accounts()
    signal.signal(signal.SIGTERM, _interrupted)
    collecting.settle()
    try:
        waitress.serve(
            app,
            host=host,
            port=port,
            threads=16,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
    finally:
        if running is not None:
            running.shutdown()


def _interrupted(*_signal: object) -> None:
    raise KeyboardInterrupt


def _echo_accounts() -> None:
    for account in demo_city.accounts():
        click.echo(f"  {account.username:<14} {account.password}  {account.name}　{account.post}")


@cli.command("worker")
def run_worker() -> None:
    """Run only timers and outbox. SIGTERM: the present batch is finished, then it ends."""
    from app.worker import process

    logs.configure(production=load_settings().production)
    process.run(application())


@cli.group()
def processes() -> None:
    """Check, deploy and export process folders."""


def _folders(path: Path) -> list[Path]:
    return [path] if (path / "process.toml").exists() else sorted(p.parent for p in path.glob("*/process.toml"))


@processes.command("check")
@click.argument(
    "path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="bpmn",
)
@click.option("--json", "as_json", is_flag=True, help="Problems as JSON.")
@click.option("--scenarios/--no-scenarios", default=True, help="Also run the package's scenarios.")
def check_processes(path: Path, as_json: bool, scenarios: bool) -> None:
    """Name every problem of one process folder, or of each folder below PATH. Needs no database."""
    from app.engine import load_folder, run_scenarios

    app = create_app()
    failed, out = False, {}
    folders = _folders(path)
    if not folders:
        raise click.ClickException(f"{path}: no process.toml / 没有 process.toml")
    with app.app_context():
        engine = app.extensions["duban.engine"]
        packages = [load_folder(folder) for folder in folders]
        # What a folder may start by name: its neighbours, and what ships.
        places = {app.extensions["duban.settings"].bpmn, *(folder.resolve().parent for folder in folders)}
        known = {
            found.parent.name: load_folder(found.parent) for place in places for found in place.glob("*/process.toml")
        }
        for folder, package in zip(folders, packages, strict=True):
            problems = engine.check(package, known=known)
            if scenarios and not any(p.severity == "error" for p in problems):
                problems += run_scenarios(engine, package)
            failed |= any(p.severity == "error" for p in problems)
            out[folder.name] = [p.as_dict() for p in problems]
            if not as_json:
                click.echo(f"{folder.name}: " + ("✓" if not problems else f"{len(problems)} 个问题 / problems"))
                for problem in problems:
                    click.echo(f"  {problem.as_text()}")
    if as_json:
        click.echo(json.dumps(out, ensure_ascii=False, indent=1))
    sys.exit(1 if failed else 0)


@processes.command("deploy")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
def deploy_processes(path: Path) -> None:
    """Check and publish one process folder, or each folder below PATH; unchanged content is left alone."""
    from app.engine import load_folder
    from app.errors import Invalid

    app, failed = application(), False
    with app.app_context():
        for folder in _folders(path):
            try:
                definition = app.extensions["duban.engine"].deploy(load_folder(folder), by=SYSTEM)
                click.echo(f"{definition.key} v{definition.version} {definition.status}")
            except Invalid as invalid:
                failed = True
                click.echo(f"{folder.name}: {invalid.detail}", err=True)
                for problem in invalid.problems:
                    click.echo(f"  {problem.as_text()}", err=True)
    sys.exit(1 if failed else 0)


@processes.command("export")
@click.argument("key")
@click.argument("path", type=click.Path(file_okay=False, path_type=Path))
@click.option("--version", type=int, help="Default: the published one.")
def export_process(key: str, path: Path, version: int | None) -> None:
    """Write a deployed process back to a folder, for review."""
    app = application()
    with app.app_context():
        package = app.extensions["duban.engine"].export(key, version)
    for name, content in package.files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    click.echo(f"{len(package.files)} files → {path}")


@processes.command("list")
def list_processes() -> None:
    """Processes in the database with their published versions."""
    app = application()
    with app.app_context():
        for definition in app.extensions["duban.engine"].definitions():
            title = pick({"zh": definition.title_zh, "en": definition.title_en})
            click.echo(f"{definition.key} v{definition.version} {definition.status} {title}")


@cli.group()
def seed() -> None:
    """Fill a database."""


@seed.command("demo")
@click.option(
    "--size",
    type=int,
    default=1,
    show_default=True,
    help="How many times the usual demo city.",
)
@click.option("--large", is_flag=True, help="With 800 inspections, which take minutes to play.")
def seed_demo(size: int, large: bool) -> None:
    """Build the demo city by running its processes; refuses a database that holds people already."""
    app = application()
    with app.app_context():
        if not demo_city.is_empty():
            raise click.ClickException("数据库中已有人员，不再建立演示城市 / the database is not empty")
        demo_city.build(app, size=size, large=large)
        _echo_accounts()


def _groups() -> None:
    """Command groups that slices bring."""
    from app.accounts.commands import users
    from app.bench import bench
    from app.calendars.commands import calendar
    from app.designer.rehearsing.commands import rehearsals
    from app.hazards.commands import hazards
    from app.metrics.commands import metrics
    from app.upkeep.commands import backup_command, health_command, outbox, restore_command, verify_command

    upkeep = (verify_command, backup_command, restore_command, health_command, outbox)
    for group in (users, calendar, hazards, metrics, rehearsals, bench, *upkeep):
        cli.add_command(group)


def main() -> None:
    _groups()
    # Slices stand below this module and may not import it: their commands find the application through the context.
    cli(prog_name="duban", obj=application)


if __name__ == "__main__":
    main()
