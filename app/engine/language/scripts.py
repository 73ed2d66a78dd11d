"""Scripts: assignments, choices and loops over lists. All or nothing, and every assignment takes a copy."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.engine.language import operations
from app.engine.language.budget import Run
from app.engine.language.expressions import Step, Translator, checked_name, not_in_language, parsed, refused, weight
from app.engine.language.functions import DEFAULT, Function
from app.engine.language.limits import MAX_DEPTH
from app.engine.language.values import copied, items
from app.engine.running.plain import RESERVED

Action = Callable[[Run], None]


@dataclass(frozen=True)
class Script:
    """A translated script, the variables it needs beforehand, and those it may assign."""

    actions: tuple[Action, ...]
    reads: frozenset[str]
    assigns: frozenset[str]

    def run(self, run: Run) -> None:
        for action in self.actions:
            action(run)


def translate(source: str, functions: Mapping[str, Function]) -> Script:
    tree = parsed(textwrap.dedent(source), "exec")
    assert isinstance(tree, ast.Module)
    translator = _Statements(functions)
    actions = translator.actions(tree.body)
    return Script(tuple(actions), frozenset(translator.reads), frozenset(translator.assigns))


class _Statements(Translator):
    """`certain` are the names that are assigned whatever happens, at this point: reading them needs no data."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        super().__init__(functions)
        self.assigns: set[str] = set()
        self._certain: set[str] = set()
        self._nesting = 0

    def read(self, name: str) -> None:
        if name not in self._certain:
            super().read(name)

    def actions(self, nodes: list[ast.stmt]) -> list[Action]:
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise refused(nodes[0], "嵌套过深", "nested too deeply")
        found = [self._action(node) for node in nodes if not isinstance(node, ast.Pass)]
        self._nesting -= 1
        return found

    def _action(self, node: ast.stmt) -> Action:
        if isinstance(node, ast.Assign):
            return self._assign(node)
        if isinstance(node, ast.AugAssign):
            return self._change(node)
        if isinstance(node, ast.If):
            return self._choose(node)
        if isinstance(node, ast.For):
            return self._repeat(node)
        if isinstance(node, ast.Expr):
            self.step(node.value)  # what is wrong inside is the better reason
            raise refused(node, "每一行都应是赋值", "a line must assign something")
        raise not_in_language(node)

    # -- assignment

    def _assign(self, node: ast.Assign) -> Action:
        if len(node.targets) != 1:
            raise refused(node, "一次只能给一个变量赋值", "one variable at a time is assigned")
        value = self.step(node.value)
        target = node.targets[0]
        if isinstance(target, ast.Name):
            return self._set_variable(self._variable(target), value)
        return self._set_item(target, value)

    def _change(self, node: ast.AugAssign) -> Action:
        """`x += 1`, also of a field."""
        reading = ast.copy_location(_as_read(node.target), node)
        value = self.step(ast.copy_location(ast.BinOp(left=reading, op=node.op, right=node.value), node))
        if isinstance(node.target, ast.Name):
            return self._set_variable(self._variable(node.target), value)
        return self._set_item(node.target, value)

    def _variable(self, node: ast.Name) -> str:
        name = checked_name(node, node.id)
        if name in self.functions or name == DEFAULT:
            raise refused(node, f"“{name}”是函数名", f"'{name}' is a function")
        if name in RESERVED:
            raise refused(node, f"不能使用名称“{name}”", f"the name '{name}' is not allowed")
        if any(name == variable for variable, _slot in self.bound):
            raise refused(node, f"“{name}”是循环变量", f"'{name}' is the variable of a loop")
        self.assigns.add(name)
        self._certain.add(name)
        return name

    def _set_variable(self, name: str, value: Step) -> Action:
        def action(run: Run) -> None:
            run.own[name] = copied(run, value(run))

        return action

    def _set_item(self, target: ast.expr, value: Step) -> Action:
        """`record.field = …`, `list[0] = …`, also deeper. The variable is copied before its first change."""
        path: list[Step] = []
        node = target
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            path.insert(0, self._path_part(node))
            node = node.value
        if not isinstance(node, ast.Name) or not path:
            raise refused(target, "不能给它赋值", "this cannot be assigned")
        self.read(checked_name(node, node.id))
        name = self._variable(node)

        def action(run: Run) -> None:
            new = copied(run, value(run))
            if name not in run.own:
                run.own[name] = copied(run, run.look_up(name))
            container = run.own[name]
            for part in path[:-1]:
                container = operations.item_of(container, part(run))
            operations.set_item(container, path[-1](run), new)

        return action

    def _path_part(self, node: ast.Attribute | ast.Subscript) -> Step:
        if isinstance(node, ast.Attribute):
            name = checked_name(node, node.attr)
            return lambda run: name
        if isinstance(node.slice, ast.Slice):
            raise refused(node, "不能给列表的一段赋值", "a part of a list cannot be assigned")
        return self.step(node.slice)

    # -- choice and loop

    def _choose(self, node: ast.If) -> Action:
        test, before = self.step(node.test), set(self._certain)
        then = self.actions(node.body)
        after_then, self._certain = self._certain, set(before)
        otherwise = self.actions(node.orelse)
        self._certain &= after_then

        def action(run: Run) -> None:
            for one in then if test(run) else otherwise:
                one(run)

        return action

    def _repeat(self, node: ast.For) -> Action:
        if node.orelse:
            raise refused(node, "for 不能带 else", "for takes no else")
        source, before = self.step(node.iter), set(self._certain)
        slot = self.bind(node.target)
        body = self.actions(node.body)
        self.bound.pop()
        self._certain = before
        cost = sum(weight(one) for one in node.body)

        def action(run: Run) -> None:
            for item in items(run, source(run)):
                run.charge(cost)
                run.bound[slot] = item
                for one in body:
                    one(run)

        return action


def _as_read(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    """The same place, to be read."""
    read: ast.expr
    if isinstance(target, ast.Name):
        read = ast.Name(target.id, ast.Load())
    elif isinstance(target, ast.Attribute):
        read = ast.Attribute(target.value, target.attr, ast.Load())
    else:
        read = ast.Subscript(target.value, target.slice, ast.Load())
    return ast.copy_location(read, target)
