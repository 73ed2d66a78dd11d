"""Text → a function of the run. Python's parser reads it; what it says is done by our own code, never by Python.

The syntax tree is translated node by node into small closures. A node without a method here is not in the
language. Nothing is handed to `eval` or `exec`, so there is no byte code, no namespace and no builtin to reach.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.engine.language import operations
from app.engine.language.budget import Run
from app.engine.language.errors import UnknownName, UnsafeExpression
from app.engine.language.functions import DEFAULT, METHOD_NAMES, Function, as_text, call_method
from app.engine.language.limits import MAX_BITS, MAX_DEPTH, MAX_ITEMS, MAX_NAME, MAX_NODES, MAX_SOURCE
from app.engine.language.values import items, text

Step = Callable[[Run], Any]

_BINARY: dict[type, operations.Binary] = {
    ast.Add: operations.add,
    ast.Sub: operations.subtract,
    ast.Mult: operations.multiply,
    ast.Div: operations.divide,
    ast.FloorDiv: operations.floor_divide,
    ast.Mod: operations.remainder,
}
_COMPARE: dict[type, operations.Binary] = {
    ast.Eq: operations.equal,
    ast.NotEq: operations.unequal,
    ast.Lt: operations.less,
    ast.LtE: operations.less_or_equal,
    ast.Gt: operations.greater,
    ast.GtE: operations.greater_or_equal,
    ast.In: operations.contains,
    ast.NotIn: operations.lacks,
    ast.Is: lambda _run, left, right: left is right,  # the right side is a constant, see below
    ast.IsNot: lambda _run, left, right: left is not right,
}
# What people try, in words; the rest is named as Python's parser names it.
_REFUSED: dict[type, tuple[str, str]] = {
    ast.Lambda: ("匿名函数 lambda", "lambda"),
    ast.NamedExpr: ("赋值表达式 :=", "the assignment :="),
    ast.Starred: ("星号展开", "a starred value"),
    ast.Set: ("集合 {…}（请用列表 […]）", "a set {…} (use a list […])"),
    ast.SetComp: ("集合 {…}（请用列表 […]）", "a set {…} (use a list […])"),
    ast.Await: ("await", "await"),
    ast.Yield: ("yield", "yield"),
    ast.YieldFrom: ("yield", "yield"),
    ast.Pow: ("乘方 **", "the power **"),
    ast.MatMult: ("运算符 @", "the operator @"),
    ast.Import: ("import", "import"),
    ast.ImportFrom: ("import", "import"),
    ast.While: ("while 循环", "while"),
    ast.FunctionDef: ("函数定义", "a function of one's own"),
    ast.ClassDef: ("类定义", "a class"),
    ast.Delete: ("删除变量", "del"),
    ast.Try: ("try", "try"),
    ast.With: ("with", "with"),
    ast.Raise: ("raise", "raise"),
    ast.Assert: ("assert", "assert"),
    ast.Global: ("global", "global"),
    ast.Nonlocal: ("nonlocal", "nonlocal"),
    ast.Return: ("return", "return"),
    ast.Break: ("break", "break"),
    ast.Continue: ("continue", "continue"),
    ast.Match: ("match", "match"),
}


@dataclass(frozen=True)
class Expression:
    """A translated text: what it computes, and which variables it reads."""

    step: Step
    reads: frozenset[str]


def sized(source: object) -> str:
    """The source if it is text of a bounded length; looked at before anything else is."""
    if not isinstance(source, str) or not source.strip():
        raise UnsafeExpression("内容为空", "there is nothing here")
    if len(source) > MAX_SOURCE:
        raise UnsafeExpression(f"超过 {MAX_SOURCE} 个字符", f"longer than {MAX_SOURCE} characters")
    return source


def parsed(source: str, mode: str) -> ast.Module | ast.Expression:
    """The syntax tree, of bounded size. UnsafeExpression also for what Python cannot read."""
    try:
        tree = ast.parse(source, mode=mode)
    except SyntaxError as error:
        line = error.lineno or 1
        column = error.offset or len(source) + 1  # without one it is the end that comes too early
        raise UnsafeExpression(
            f"第 {line} 行第 {column} 个字符处无法读懂", f"line {line}, character {column}: {error.msg}"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnsafeExpression("无法读懂", f"cannot be read ({type(error).__name__})") from error
    if sum(1 for _node in ast.walk(tree)) > MAX_NODES:
        raise UnsafeExpression("内容过于复杂，请拆开", "too complex; please divide it")
    assert isinstance(tree, (ast.Module, ast.Expression))
    return tree


def translate(source: str, functions: Mapping[str, Function]) -> Expression:
    tree = parsed(source.strip(), "eval")
    assert isinstance(tree, ast.Expression)
    translator = Translator(functions)
    return Expression(translator.step(tree.body), frozenset(translator.reads))


def refused(node: ast.AST, zh: str, en: str) -> UnsafeExpression:
    line = getattr(node, "lineno", 1)
    return UnsafeExpression(f"第 {line} 行：{zh}", f"line {line}: {en}")


def not_in_language(node: ast.AST, kind: type | None = None) -> UnsafeExpression:
    kind = kind or type(node)
    zh, en = _REFUSED.get(kind, (kind.__name__, kind.__name__))
    return refused(node, f"不能使用{zh}", f"{en} is not in the language")


def checked_name(node: ast.AST, name: str) -> str:
    if name.startswith("_") or len(name) > MAX_NAME:
        raise refused(node, f"不能使用名称“{name[:MAX_NAME]}”", f"the name '{name[:MAX_NAME]}' is not allowed")
    return name


class Translator:
    """One text. `reads` collects its variables; `bound` are the loop variables in force at this point.

    Every loop has a slot of its own in `Run.bound`, so an inner loop cannot disturb an outer one of the same name.
    """

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions
        self.reads: set[str] = set()
        self.bound: list[tuple[str, str]] = []
        self._slots = 0
        self._depth = 0

    def step(self, node: ast.expr) -> Step:
        translate_node = _NODES.get(type(node))
        if translate_node is None:
            raise not_in_language(node)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise refused(node, "嵌套过深", "nested too deeply")
        try:
            return translate_node(self, node)
        finally:
            self._depth -= 1

    def steps(self, nodes: list[ast.expr]) -> list[Step]:
        return [self.step(node) for node in nodes]

    # -- values

    def constant(self, node: ast.Constant) -> Step:
        value = node.value
        if value is not None and type(value) not in {bool, int, float, str}:
            raise refused(node, "不能使用这种常量", f"a constant of type {type(value).__name__} is not allowed")
        if (type(value) is int and value.bit_length() > MAX_BITS) or (
            type(value) is float and not math.isfinite(value)
        ):
            raise refused(node, "数值过大", "the number is too large")
        return lambda run: value

    def name(self, node: ast.Name) -> Step:
        name = checked_name(node, node.id)
        for variable, slot in reversed(self.bound):
            if variable == name:
                return lambda run: run.bound[slot]
        self.read(name)
        return lambda run: run.look_up(name)

    def read(self, name: str) -> None:
        self.reads.add(name)

    def bind(self, target: ast.expr) -> str:
        """A new loop variable, in force until it is taken off `bound`; its slot."""
        if not isinstance(target, ast.Name):
            raise refused(target, "循环变量只能是一个名称", "a loop has one variable")
        self._slots += 1
        slot = f"{checked_name(target, target.id)} {self._slots}"
        self.bound.append((target.id, slot))
        return slot

    def sequence(self, node: ast.List | ast.Tuple) -> Step:
        parts = self.steps(node.elts)
        return lambda run: [part(run) for part in parts]

    def record(self, node: ast.Dict) -> Step:
        if None in node.keys:
            raise not_in_language(node, ast.Starred)
        keys, values = self.steps([key for key in node.keys if key]), self.steps(node.values)

        def step(run: Run) -> dict[Any, Any]:
            return {_key(key(run)): value(run) for key, value in zip(keys, values, strict=True)}

        return step

    def formatted(self, node: ast.JoinedStr) -> Step:
        parts = [self._formatted_part(part) for part in node.values]

        def step(run: Run) -> str:
            joined = text("".join(part(run) for part in parts))
            operations.charge_text(run, joined)
            return joined

        return step

    def _formatted_part(self, node: ast.expr) -> Step:
        if isinstance(node, ast.Constant):
            return self.constant(node)
        assert isinstance(node, ast.FormattedValue)
        if node.format_spec is not None or node.conversion != -1:
            raise refused(node, "文本中的 {…} 不能带格式", "{…} in a text takes no format")
        value = self.step(node.value)
        return lambda run: as_text(value(run))

    # -- operators

    def both(self, node: ast.BoolOp) -> Step:
        steps, stops_at = self.steps(node.values), isinstance(node.op, ast.Or)

        def step(run: Run) -> Any:
            value: Any = None
            for one in steps:
                value = one(run)
                if bool(value) is stops_at:
                    break
            return value

        return step

    def unary(self, node: ast.UnaryOp) -> Step:
        value = self.step(node.operand)
        if isinstance(node.op, ast.Not):
            return lambda run: not value(run)
        if isinstance(node.op, ast.USub):
            return lambda run: operations.negative(run, value(run))
        raise not_in_language(node, type(node.op))

    def binary(self, node: ast.BinOp) -> Step:
        operation = _BINARY.get(type(node.op))
        if operation is None:
            raise not_in_language(node, type(node.op))
        left, right = self.step(node.left), self.step(node.right)
        return lambda run: operation(run, left(run), right(run))

    def comparison(self, node: ast.Compare) -> Step:
        for sign, right in zip(node.ops, node.comparators, strict=True):
            constant = isinstance(right, ast.Constant) and (right.value is None or isinstance(right.value, bool))
            if isinstance(sign, (ast.Is, ast.IsNot)) and not constant:
                raise refused(node, "is 只能与 None、True、False 比较", "`is` compares with None, True or False only")
        first = self.step(node.left)
        rest = [
            (_COMPARE[type(sign)], self.step(right)) for sign, right in zip(node.ops, node.comparators, strict=True)
        ]

        def step(run: Run) -> bool:
            left = first(run)
            for compare, other in rest:
                right = other(run)
                if not compare(run, left, right):
                    return False
                left = right
            return True

        return step

    def choice(self, node: ast.IfExp) -> Step:
        test, then, otherwise = self.step(node.test), self.step(node.body), self.step(node.orelse)
        return lambda run: then(run) if test(run) else otherwise(run)

    # -- access and calls

    def field(self, node: ast.Attribute) -> Step:
        value, name = self.step(node.value), checked_name(node, node.attr)
        return lambda run: operations.field_of(value(run), name)

    def item(self, node: ast.Subscript) -> Step:
        value = self.step(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._part(value, node.slice)
        key = self.step(node.slice)
        written = node.slice.value if isinstance(node.slice, ast.Constant) else None
        shown = written[:MAX_NAME] if isinstance(written, str) else None
        return lambda run: operations.item_of(value(run), key(run), shown)

    def _part(self, value: Step, node: ast.Slice) -> Step:
        if node.step is not None:
            raise refused(node, "截取不能带步长", "a part is taken without a step")
        nothing = ast.Constant(None)
        first, last = self.step(node.lower or nothing), self.step(node.upper or nothing)
        return lambda run: operations.part_of(run, value(run), first(run), last(run))

    def call(self, node: ast.Call) -> Step:
        if node.keywords or any(isinstance(one, ast.Starred) for one in node.args):
            raise refused(node, "参数只能按顺序逐个给出", "values are given one by one, without names or stars")
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        if not isinstance(node.func, ast.Name):
            raise refused(node, "只能调用列出的函数", "only the listed functions can be called")
        name = node.func.id
        if name == DEFAULT:
            return self._default(node)
        function = self.functions.get(name)
        if function is None:
            name = name[:MAX_NAME]
            raise refused(node, f"没有函数“{name}”", f"there is no function '{name}'")
        if not function.least <= len(node.args) <= function.most:
            raise refused(node, f"{name}() 的参数个数不对", f"{name}() is given a wrong number of values")
        call, given = function.call, self.steps(node.args)
        return lambda run: call(run, *[one(run) for one in given])

    def _method(self, node: ast.Call, func: ast.Attribute) -> Step:
        name = func.attr
        if name not in METHOD_NAMES:
            name = name[:MAX_NAME]
            raise refused(node, f"没有方法“{name}”", f"there is no method '{name}'")
        value, given = self.step(func.value), self.steps(node.args)
        return lambda run: call_method(run, value(run), name, [one(run) for one in given])

    def _default(self, node: ast.Call) -> Step:
        """`default(x, 0)`: what x is, or 0 while there is no x."""
        if len(node.args) != 2:
            raise refused(node, "default() 需要两个参数", "default() needs two values")
        value, otherwise = self.steps(node.args)

        def step(run: Run) -> Any:
            try:
                return value(run)
            except UnknownName:
                return otherwise(run)

        return step

    # -- comprehensions

    def list_of(self, node: ast.ListComp | ast.GeneratorExp) -> Step:
        """A list made at once: a generator would be an object with a life of its own."""
        loop = self._loops(node.generators, [node.elt])

        def step(run: Run) -> list[Any]:
            made: list[Any] = []
            loop(run, lambda values: made.append(values[0]))
            return _bounded(made)

        return step

    def record_of(self, node: ast.DictComp) -> Step:
        loop = self._loops(node.generators, [node.key, node.value])

        def step(run: Run) -> dict[Any, Any]:
            made: dict[Any, Any] = {}
            loop(run, lambda values: made.update({_key(values[0]): values[1]}))
            return made

        return step

    def _loops(
        self, generators: list[ast.comprehension], elements: list[ast.expr]
    ) -> Callable[[Run, Callable[[list[Any]], None]], None]:
        """The loops from the outside in, then the elements; each turn is charged with all parts it evaluates."""
        bound = len(self.bound)
        turns = [self._loop(generator) for generator in generators]
        made = self.steps(elements)
        del self.bound[bound:]
        cost = sum(weight(part) for part in [*generators, *elements])

        def loop(run: Run, use: Callable[[list[Any]], None], depth: int = 0) -> None:
            if depth == len(turns):
                use([element(run) for element in made])
                return
            slot, source, conditions = turns[depth]
            for item in items(run, source(run)):
                run.charge(cost)
                run.bound[slot] = item
                if all(condition(run) for condition in conditions):
                    loop(run, use, depth + 1)

        return loop

    def _loop(self, node: ast.comprehension) -> tuple[str, Step, list[Step]]:
        if node.is_async:
            raise not_in_language(node.target, ast.Await)
        source = self.step(node.iter)
        return self.bind(node.target), source, self.steps(node.ifs)


def weight(node: ast.AST) -> int:
    """How many parts are evaluated at most when this is, loops inside it apart."""
    return sum(1 for _part in ast.walk(node))


def _key(value: Any) -> Any:
    if type(value) not in {str, int}:
        raise UnsafeExpression("栏目名必须是文本", "a field is named by text")
    return value


def _bounded(made: list[Any]) -> list[Any]:
    if len(made) > MAX_ITEMS:
        raise UnsafeExpression("列表过长", f"a list of more than {MAX_ITEMS} items")
    return made


_NODES: dict[type, Callable[[Translator, Any], Step]] = {
    ast.Constant: Translator.constant,
    ast.Name: Translator.name,
    ast.List: Translator.sequence,
    ast.Tuple: Translator.sequence,
    ast.Dict: Translator.record,
    ast.JoinedStr: Translator.formatted,
    ast.BoolOp: Translator.both,
    ast.UnaryOp: Translator.unary,
    ast.BinOp: Translator.binary,
    ast.Compare: Translator.comparison,
    ast.IfExp: Translator.choice,
    ast.Attribute: Translator.field,
    ast.Subscript: Translator.item,
    ast.Call: Translator.call,
    ast.ListComp: Translator.list_of,
    ast.GeneratorExp: Translator.list_of,
    ast.DictComp: Translator.record_of,
}
