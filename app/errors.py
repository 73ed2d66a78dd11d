"""The family of errors. The class says what the caller can do next; the docstring is the message's meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.i18n import lazy_


class DubanError(Exception):
    """Something the user can be told in words."""

    status = 400
    code = "bad_request"
    title = lazy_("请求有误")

    def __init__(self, detail: Any = None, **extra: Any) -> None:
        self.detail = detail or self.title
        self.extra = extra
        super().__init__(str(detail or self.code))


class NotFound(DubanError):
    """It does not exist, or it may not be seen: the two are not told apart."""

    status, code, title = 404, "not_found", lazy_("没有找到，或者您无权查看")


class Forbidden(DubanError):
    """It may be seen, but not done by this person."""

    status, code, title = 403, "forbidden", lazy_("您没有办理此事的权限")


class Invalid(DubanError):
    """The input is wrong: `errors` names each field, `problems` lists what is wrong with a document."""

    status, code, title = 422, "invalid", lazy_("填写有误，请按提示修改")

    def __init__(
        self,
        errors: Mapping[str, Sequence[Any]] | None = None,
        detail: Any = None,
        problems: Sequence[Any] = (),
        **extra: Any,
    ) -> None:
        # marshmallow hands on a single lazy message as it is: taken as a sequence it would fall into characters.
        self.errors = {
            key: list(value) if isinstance(value, (list, tuple)) else [value] for key, value in (errors or {}).items()
        }
        self.problems = list(problems)
        super().__init__(detail, **extra)

    def __str__(self) -> str:
        """For logs and command lines: every field and problem."""
        found = [f"{name}: {', '.join(map(str, texts))}" for name, texts in self.errors.items()]
        found += [problem.as_text() if hasattr(problem, "as_text") else str(problem) for problem in self.problems]
        return "; ".join(found) or super().__str__()


class Conflict(DubanError):
    """Somebody acted first: `extra` carries the present state, so that the caller can show it."""

    status, code, title = 409, "conflict", lazy_("此事已有变化，请按最新情况办理")


class Busy(DubanError):
    """Another transaction holds what is needed; trying again shortly will do."""

    status, code, title = 503, "busy", lazy_("系统正忙，请稍候再试")
