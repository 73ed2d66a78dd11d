"""A gate's condition as rows: figure · comparison · value, joined by all or by any, with groups one level deep.

What is stored is an expression of the diagrams' language; rows are how officials write and read it. An expression that
is more than rows can say (calculations, figures against figures, groups in groups) stays a text.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from app.campaigns.figures import NAMES, RATES
from app.i18n import _, lazy_

LONGEST = 1000  # characters that are looked at
COMPARISONS = {
    ">=": lazy_("不低于"),
    "<=": lazy_("不高于"),
    ">": lazy_("高于"),
    "<": lazy_("低于"),
    "==": lazy_("等于"),
    "!=": lazy_("不等于"),
}
JOINS = {"and": lazy_("全部满足"), "or": lazy_("任一满足")}
_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.GtE: ">=", ast.LtE: "<=", ast.Gt: ">", ast.Lt: "<", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """`value` as it is typed: a share in per cent. In the expression what cannot be read stands as a text."""

    figure: str = ""
    comparison: str = ">="
    value: str = ""

    @property
    def blank(self) -> bool:
        return not self.figure and not self.value.strip()

    @property
    def number(self) -> Decimal | None:
        """The value as it is compared; None where it is none."""
        try:
            found = Decimal(self.value.strip().removesuffix("%").strip().replace(",", ""))
        except InvalidOperation:
            return None
        if not found.is_finite():
            return None
        return found / 100 if self.figure in RATES else found

    @property
    def expression(self) -> str:
        number = self.number
        value = repr(self.value.strip()) if number is None or not self.figure else _plain(number)
        return f"{self.figure or repr('')} {self.comparison} {value}"

    @property
    def wrong(self) -> str:
        """What keeps the row from being used; "" where nothing does."""
        if self.figure not in NAMES:
            return _("选择数据")
        number = self.number
        if number is None:
            return _("填写数值") if not self.value.strip() else _("“%(value)s”不是数值", value=self.value.strip()[:20])
        if self.figure in RATES:
            return "" if 0 <= number <= 1 else _("百分比应在 0 至 100 之间")
        return "" if number >= 0 and number == int(number) else _("应为不小于 0 的整数")

    @property
    def words(self) -> str:
        unit = "%" if self.figure in RATES else ""
        said = f"{self.value.strip().removesuffix('%')}{unit}" if self.number is not None else "…"
        figure, comparison = NAMES.get(self.figure, "…"), COMPARISONS[self.comparison]
        return _("%(figure)s%(comparison)s %(value)s", figure=figure, comparison=comparison, value=said)


@dataclass(frozen=True)
class Group:
    """Rows in a row's place; `items` hold rows only, but in the outermost one."""

    join: str = "and"
    items: tuple[Row | Group, ...] = ()

    @property
    def blank(self) -> bool:
        return all(one.blank for one in self.items)

    @property
    def expression(self) -> str:
        """Groups keep their brackets also where nothing hangs on them, so that they are groups when read again."""
        parts = [f"({one.expression})" if isinstance(one, Group) else one.expression for one in self.items]
        return f" {self.join} ".join(parts)

    @property
    def words(self) -> str:
        parts = [_("（%(text)s）", text=one.words) if isinstance(one, Group) else one.words for one in self.items]
        return (_("，并且") if self.join == "and" else _("，或者")).join(parts)

    def tidied(self) -> Group:
        """Without rows and groups that were left empty."""
        kept = [one.tidied() if isinstance(one, Group) else one for one in self.items if not one.blank]
        return Group(self.join, tuple(kept))

    def numbered(self) -> Iterator[tuple[str, Row]]:
        """Rows with the numbers that the form shows: 1, 2, 2.1."""
        for n, one in enumerate(self.items, 1):
            if isinstance(one, Group):
                yield from ((f"{n}.{m}", row) for m, row in enumerate(one.items, 1) if isinstance(row, Row))
            else:
                yield str(n), one


def parse(text: str) -> Group | None:
    """The rows that an expression says; None where it says more than rows can."""
    if not text.strip():
        return Group()
    try:
        tree = ast.parse(text.strip(), mode="eval").body if len(text) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(tree, ast.BoolOp):
        return _group(tree, inside=False)
    row = _row(tree)
    return Group("and", (row,)) if row else None


def _group(tree: ast.BoolOp, *, inside: bool) -> Group | None:
    items: list[Row | Group] = []
    for part in tree.values:
        nested = not inside and isinstance(part, ast.BoolOp)
        one = _group(part, inside=True) if nested and isinstance(part, ast.BoolOp) else _row(part)
        if one is None:
            return None
        items.append(one)
    return Group("and" if isinstance(tree.op, ast.And) else "or", tuple(items))


def _row(tree: ast.expr | None) -> Row | None:
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in _OPERATORS:
        return None
    left, value = tree.left, tree.comparators[0]
    figure = left.id if isinstance(left, ast.Name) else left.value if isinstance(left, ast.Constant) else None
    if not isinstance(value, ast.Constant) or (figure != "" and figure not in NAMES):
        return None
    typed = _typed(figure, value.value)
    return None if typed is None else Row(str(figure), _OPERATORS[type(tree.ops[0])], typed)


def _typed(figure: object, value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = Decimal(str(value))
    return _plain(number * 100 if figure in RATES else number)


def _plain(number: Decimal) -> str:
    """Without an exponent and without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
