"""One problem of a package, in both languages, with the place where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Problem:
    """`severity` error stops a deployment. `position` is the element's top left corner in the diagram."""

    code: str
    severity: str
    zh: str
    en: str
    file: str
    element_id: str | None = None
    element_name: str | None = None
    line: int | None = None
    position: tuple[float, float] | None = None
    fix: tuple[str, str] | None = None  # what to do about it: Chinese, English
    about: str | None = None  # the name or text in it that is wrong or missing, for whoever puts it right

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it; `message` and `fix` in both languages."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": {"zh": self.zh, "en": self.en},
            "file": self.file,
            "element_id": self.element_id,
            "element_name": self.element_name,
            "line": self.line,
            "position": None if self.position is None else {"x": self.position[0], "y": self.position[1]},
            "fix": None if self.fix is None else {"zh": self.fix[0], "en": self.fix[1]},
        }

    def as_text(self) -> str:
        """One line for the command line, both languages."""
        sign = "✗" if self.severity == ERROR else "!"
        where = self.file + (f":{self.line}" if self.line else "")
        what = f" [{self.element_id}{f' {self.element_name}' if self.element_name else ''}]" if self.element_id else ""
        fix = f" → {self.fix[0]} / {self.fix[1]}" if self.fix else ""
        return f"{sign} {where}{what} {self.zh} / {self.en}{fix} ({self.code})"
