"""process.toml: known keys of the right shape, titles in both languages, and expressions that hold."""

from __future__ import annotations

import difflib
import tomllib
from typing import Any

from app.engine.checking.desk import Desk, quoted
from app.engine.checking.variables import lint
from app.engine.packages.package import MANIFEST

_TEXTS = frozenset(
    {"key", "start_form", "instance_title", "business_key", "on_cancel", "on_amend", "on_clock", "on_return"}
)
_LISTS = frozenset({"starters", "inputs", "start_checks"})
_TABLES: dict[str, frozenset[str] | None] = {
    "title": frozenset({"zh", "en"}),
    "description": frozenset({"zh", "en"}),
    "subject": frozenset({"kind", "id"}),
    "scope": frozenset({"region", "sector", "supervising", "responsible"}),
    "facts": None,
}
KEYS = _TEXTS | _LISTS | _TABLES.keys()
_MAX_TITLE = 200
_MAX_KIND = 40


def check(desk: Desk) -> None:
    content = desk.package.files.get(MANIFEST)
    if content is None:
        return
    try:
        tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as wrong:
        reason = str(wrong)[:200]
        desk.add(
            "manifest_malformed",
            f"process.toml 无法读取：{reason}",
            f"process.toml cannot be read: {reason}",
            file=MANIFEST,
        )
        return
    manifest = desk.package.manifest
    sound = {name for name, value in manifest.items() if _shape(desk, name, value)}
    _key(desk, manifest)
    _titles(desk, manifest, sound)
    for role in manifest.get("starters", []) if "starters" in sound else []:
        if role not in desk.roles:
            _add(
                desk,
                "role_unknown",
                f"没有名为 {role} 的角色",
                f"There is no role called {role}",
                "starters",
                (f"可用：{quoted(desk.roles)}", f"There are: {quoted(desk.roles)}"),
                role,
            )
    for name in manifest.get("start_checks", []) if "start_checks" in sound else []:
        if name not in desk.services.checks:
            _add(
                desk,
                "check_unknown",
                f"没有名为 {name} 的检查",
                f"There is no check called {name}",
                "start_checks",
                (f"可用：{quoted(desk.services.checks)}", f"There are: {quoted(desk.services.checks)}"),
            )
    _expressions(desk, {name: value for name, value in manifest.items() if name in sound})


def _add(
    desk: Desk, code: str, zh: str, en: str, name: str, fix: tuple[str, str] | None = None, about: str | None = None
) -> None:
    desk.add(code, zh, en, file=MANIFEST, element_id=name, fix=fix, about=about)


def _shape(desk: Desk, name: str, value: Any) -> bool:
    if name not in KEYS:
        near = difflib.get_close_matches(name, KEYS, 1)
        _add(
            desk,
            "manifest_unknown",
            f"process.toml 中没有“{name}”这一项",
            f"process.toml has no {name!r}",
            name,
            (f"是否为 {near[0]}？", f"Is it {near[0]}?") if near else (f"可用：{quoted(KEYS)}", quoted(KEYS)),
        )
        return False
    if name in _TEXTS:
        good = isinstance(value, str)
    elif name in _LISTS:
        good = isinstance(value, list) and all(isinstance(item, str) for item in value)
    else:
        good = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
        inner = _TABLES[name]
        for extra in sorted(value.keys() - inner) if good and inner is not None else []:
            _add(
                desk,
                "manifest_unknown",
                f"[{name}] 中没有“{extra}”这一项",
                f"[{name}] has no {extra!r}",
                f"{name}.{extra}",
                (f"可用：{quoted(inner)}", f"There are: {quoted(inner)}") if inner else None,
            )
    if not good:
        zh, en = (
            ("一段文字", "a text")
            if name in _TEXTS
            else ("文字的列表", "a list of texts")
            if name in _LISTS
            else ("一组文字", "a table of texts")
        )
        _add(desk, "manifest_type", f"{name} 应为{zh}", f"{name} must be {en}", name)
    return good


def _key(desk: Desk, manifest: dict[str, Any]) -> None:
    if manifest.get("key") != desk.package.key:
        _add(
            desk,
            "manifest_key",
            f"key 应当是目录名“{desk.package.key}”",
            f"key must be the folder's name, {desk.package.key!r}",
            "key",
            (f'key = "{desk.package.key}"', f'key = "{desk.package.key}"'),
        )
    if "starters" not in manifest:
        _add(
            desk,
            "manifest_starters",
            "没有写明谁可以发起（starters）；空列表表示只由系统启动",
            "Who may start it is not said (starters); an empty list means only the system",
            "starters",
        )
    subject = manifest.get("subject")
    if isinstance(subject, dict) and not {"kind", "id"} <= subject.keys():
        _add(desk, "manifest_subject", "[subject] 须有 kind 和 id", "[subject] needs kind and id", "subject")
    if isinstance(subject, dict) and len(str(subject.get("kind", ""))) > _MAX_KIND:
        zh, en = f"kind 超过 {_MAX_KIND} 个字符", f"kind is longer than {_MAX_KIND} characters"
        _add(desk, "manifest_subject", f"[subject] 的 {zh}", f"[subject] {en}", "subject")


def _titles(desk: Desk, manifest: dict[str, Any], sound: set[str]) -> None:
    for name in ("title", "description"):
        if name not in manifest and name == "description":
            continue
        if name in manifest and name not in sound:
            continue
        texts = manifest.get(name, {})
        for language, zh, en in (("zh", "中文", "Chinese"), ("en", "英文", "English")):
            text = str(texts.get(language, "")).strip()
            if not text:
                _add(
                    desk,
                    "manifest_title",
                    f"{name} 缺少{zh}",
                    f"{name} has no {en}",
                    name,
                    (f'{name} = {{ zh = "…", en = "…" }}', f'{name} = {{ zh = "…", en = "…" }}'),
                    language,
                )
            elif name == "title" and len(text) > _MAX_TITLE:
                _add(
                    desk,
                    "manifest_title",
                    f"{name} 的{zh}超过 {_MAX_TITLE} 个字符",
                    f"The {en} {name} is longer than {_MAX_TITLE} characters",
                    name,
                )


def _expressions(desk: Desk, manifest: dict[str, Any]) -> None:
    found: list[tuple[str, str]] = [
        (name, manifest[name]) for name in ("instance_title", "business_key") if name in manifest
    ]
    found += [(f"scope.{name}", text) for name, text in manifest.get("scope", {}).items()]
    found += [(f"facts.{name}", text) for name, text in manifest.get("facts", {}).items()]
    if "id" in manifest.get("subject", {}):
        found.append(("subject.id", manifest["subject"]["id"]))
    for name, text in found:
        lint(desk, text, name, name, file=MANIFEST, element_id=name)
    for name in manifest.get("facts", {}):
        if not name.isidentifier() or len(name) > 60:
            _add(
                desk,
                "manifest_fact",
                f"“{name}”不能作为指标变量名",
                f"{name!r} cannot be the name of a fact",
                f"facts.{name}",
            )
