"""Random texts from a grammar that is rich in what is forbidden: strategies for the property tests."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = ["a", "b", "x", "items", "canary", "hidden", "day", "missing", "len", "sum", "eval", "getattr", "today", "type"]
FORBIDDEN = ["__class__", "__import__", "__builtins__", "_p", "self", "object"]
FIELDS = ["x", "k", "days", "year", "__class__", "__base__", "mro", "gi_frame", "f_globals", "append", "get", "format"]
METHODS = ["get", "keys", "values", "items", "startswith", "split", "count", "find", "upper", "isoformat", "weekday"]
FUNCTIONS = [
    "len",
    "sum",
    "str",
    "int",
    "max",
    "sorted",
    "list",
    "round",
    "any",
    "all",
    "range",
    "date",
    "join",
    "days",
]
FUNCTIONS += [
    "bool",
    "float",
    "abs",
    "min",
    "datetime",
    "hours",
    "default",
    "today",
    "echo",
    "eval",
    "open",
    "set",
    "dict",
]
ATOMS = [
    "1",
    "0",
    "7",
    "2.5",
    "-3",
    "'s'",
    "'2026-04-09'",
    "[]",
    "{}",
    "None",
    "True",
    "'%s'",
    "1e308",
    "9999999999999999999",
]
OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "<<",
    "|",
    "@",
    "and",
    "or",
    "in",
    "not in",
    "==",
    "!=",
    "<",
    ">=",
    "is",
]


def _build(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    name = st.sampled_from(["i", "a", "q", "_q"])
    return st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, st.sampled_from(FIELDS)).map(lambda p: f"{p[0]}.{p[1]}"),
        st.tuples(inner, st.sampled_from(METHODS), inner).map(lambda p: f"{p[0]}.{p[1]}({p[2]})"),
        st.tuples(inner, st.sampled_from(METHODS)).map(lambda p: f"{p[0]}.{p[1]}()"),
        st.tuples(st.sampled_from(FUNCTIONS), st.lists(inner, max_size=2)).map(lambda p: f"{p[0]}({', '.join(p[1])})"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]}[{p[1]}]"),
        st.tuples(inner, inner, inner).map(lambda p: f"{p[0]}[{p[1]}:{p[2]}]"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.lists(inner, max_size=3).map(lambda p: f"[{', '.join(p)}]"),
        st.tuples(inner, inner).map(lambda p: f"{{{p[0]}: {p[1]}}}"),
        st.tuples(inner, name, inner, inner).map(lambda p: f"[{p[0]} for {p[1]} in {p[2]} if {p[3]}]"),
        st.tuples(inner, name, inner).map(lambda p: f"sum({p[0]} for {p[1]} in {p[2]})"),
        st.tuples(inner, inner, name, inner).map(lambda p: f"{{{p[0]}: {p[1]} for {p[2]} in {p[3]}}}"),
        st.tuples(name, inner).map(lambda p: f"(lambda {p[0]}: {p[1]})"),
        inner.map(lambda p: f"(y := {p})"),
        inner.map(lambda p: f"(not {p})"),
        inner.map(lambda p: f"-{p}"),
        st.sampled_from(NAMES).map(lambda p: f"f'{{{p}}}'"),
        inner.map(lambda p: f"{p}({p})"),
    )


EXPRESSIONS = st.recursive(st.sampled_from(NAMES + FORBIDDEN + ATOMS), _build, max_leaves=12)
_TARGETS = st.sampled_from(
    ["z", "a", "items", "_g", "a['x']", "a.x", "items[0]", "items[0].x", "len", "new", "x.y", "a.k[1]"]
)


def _indented(lines: str) -> str:
    return "".join(f"    {line}\n" for line in lines.splitlines())


_SIMPLE = st.one_of(
    st.tuples(_TARGETS, EXPRESSIONS).map(lambda p: f"{p[0]} = {p[1]}\n"),
    st.tuples(_TARGETS, st.sampled_from("+-*/"), EXPRESSIONS).map(lambda p: f"{p[0]} {p[1]}= {p[2]}\n"),
    st.just("pass\n"),
    EXPRESSIONS.map(lambda p: f"{p}\n"),
    st.sampled_from(
        ["import os\n", "del a\n", "while a:\n    pass\n", "def g():\n    pass\n", "raise a\n", "global a\n"]
    ),
)


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(EXPRESSIONS, inner, inner).map(lambda p: f"if {p[0]}:\n{_indented(p[1])}else:\n{_indented(p[2])}"),
        st.tuples(st.sampled_from(["i", "a", "q"]), EXPRESSIONS, inner).map(
            lambda p: f"for {p[0]} in {p[1]}:\n{_indented(p[2])}"
        ),
    )


SCRIPTS = st.recursive(_SIMPLE, _blocks, max_leaves=5)

# What means the same in Python: the two must agree.
_NUMBERS = st.sampled_from(["0", "1", "2", "7", "-3", "2.5", "x", "y", "True"])
COMMON = st.recursive(
    _NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(
            inner, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), inner, st.sampled_from(["<", "=="]), inner
        ).map(lambda p: f"({p[0]} {p[1]} {p[2]} {p[3]} {p[4]})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        inner.map(lambda p: f"(not {p})"),
        inner.map(lambda p: f"(-{p})"),
        st.tuples(inner, inner).map(lambda p: f"max([{p[0]}, {p[1]}])"),
        st.tuples(inner, inner, inner).map(lambda p: f"sum([{p[0]} for x in [{p[1]}, {p[2]}]])"),
        st.tuples(inner, inner, inner).map(lambda p: f"sum({p[0]} for q in [1, 2] if {p[1]} for p in [q, {p[2]}])"),
        st.tuples(inner, inner).map(lambda p: f"sorted([{p[0]}, {p[1]}, 1])[0]"),
        st.tuples(inner, inner).map(lambda p: f"len([q for q in range(5) if q != {p[0]}][1:])"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} in [{p[1]}, {p[2]}])"),
    ),
    max_leaves=10,
)
