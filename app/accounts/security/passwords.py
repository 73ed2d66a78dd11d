"""What makes a password acceptable, and one-time temporary passwords."""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Any

from flask_security import PasswordUtil, hash_password

from app.accounts.models import User
from app.i18n import _

MIN_LENGTH = 10
MAX_LENGTH = 128  # argon2 takes any length; a longer one only costs the server time
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else
_RUNS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb")
# Words that make up most guessed passwords; one of them with digits or signs around it is still a guess.
_COMMON = frozenset({
    "password", "passw", "admin", "administrator", "root", "user", "test", "guest", "welcome", "letmein", "login",
    "iloveyou", "woaini", "aini", "monkey", "dragon", "master", "qwerty", "asdf", "zxcv", "abc", "abcd", "abcdef",
    "aa", "aaa", "a", "qq", "wo", "ni", "duban", "anquan", "anweiban", "yingji", "changeme", "secret", "system",
    "super", "china", "zhongguo", "beijing", "shandong", "qwe", "qaz", "asd", "zxc", "pass", "mima", "p", "mm",
})  # fmt: skip
_LEET = str.maketrans("@4301$5!7", "aaeoissit")


def problems(password: str, username: str = "", name: str = "") -> list[str]:
    """Every reason why the password is refused; empty if it is acceptable."""
    found: list[str] = []
    if len(password) < MIN_LENGTH:
        found.append(_("密码至少 %(count)s 个字符", count=MIN_LENGTH))
    if len(password) > MAX_LENGTH:
        found.append(_("密码至多 %(count)s 个字符", count=MAX_LENGTH))
    lowered = password.lower()
    if (len(username) >= 3 and username.lower() in lowered) or (len(name) >= 2 and name.lower() in lowered):
        found.append(_("密码不得包含用户名或姓名"))
    if _guessable(lowered):
        found.append(_("密码太常见，容易被猜中，换一个"))
    return found


def _guessable(lowered: str) -> bool:
    if len(set(lowered)) < 5 or any(_is_run(lowered, run) for run in _RUNS):
        return True
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lowered).translate(_LEET)
    return any(_letters(text) in _COMMON for text in (lowered, bare))


def _letters(text: str) -> str:
    """What is left without the digits and signs that people add to reach the length; digits alone count as common."""
    return re.sub(r"[\W\d_]+", "", text) or "a"


def _is_run(text: str, run: str) -> bool:
    """Whether the text is one stretch of a keyboard row or a sequence, forwards, backwards or repeated."""
    return text in run * 3 or text in run[::-1] * 3


def temporary_password() -> str:
    """A password to be read out and typed once: 12 characters in groups of four, about 69 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def set_password(user: User, password: str, *, temporary: bool) -> None:
    """Store the hash. The new uniquifier ends every session of the person. Check `problems` before."""
    user.password = hash_password(_normal(password))
    user.must_change_password = temporary
    user.renew()


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKD", password)  # as Flask-Security does when it verifies


class OfficePasswords(PasswordUtil):
    """Our rules in the place where Flask-Security asks for them."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[Any] | None, str]:
        user = kwargs.get("user")
        normal = self.normalize(password)
        return problems(normal, getattr(user, "username", ""), getattr(user, "name", "")) or None, normal
