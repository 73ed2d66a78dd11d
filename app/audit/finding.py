"""What verification found: one bad record or mismatch, named so that somebody can look at it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """`kind` is dotted, `where` the table or file, `id` the record. What is `known` has its incident already."""

    kind: str
    where: str
    id: str
    detail: str
    known: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        return f"{self.kind}  {self.where} {self.id}: {self.detail}" + ("  (known)" if self.known else "")
