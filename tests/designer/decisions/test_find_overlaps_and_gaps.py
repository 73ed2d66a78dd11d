"""What the analysis says of a table, against the engine's own evaluation of every input that matters."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import pytest
from flask import Flask

from app.designer.decisions.analysis import FAILS, GAP, NEVER, OVERLAP, Analysis, analyse
from app.designer.decisions.regions import BOOLEAN, DATE, INTEGER, NUMBER, TEXT, Domain, allowed
from app.engine import DecisionFailed, DecisionTable, Engine

SPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
Analyse = Callable[..., Analysis]


@pytest.fixture(scope="module")
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["duban.engine"]
    return found


def dmn(policy: str, inputs: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    columns = "".join(
        f'<input id="i{n}"><inputExpression id="e{n}"><text>{escape(text)}</text></inputExpression></input>'
        for n, text in enumerate(inputs)
    )
    rules = "".join(
        f'<rule id="r{r}">'
        + "".join(f'<inputEntry id="c{r}_{c}"><text>{escape(text)}</text></inputEntry>' for c, text in enumerate(row))
        + f'<outputEntry id="o{r}"><text>{r}</text></outputEntry></rule>'
        for r, row in enumerate(rows, 1)
    )
    return (
        f'<definitions xmlns="{SPACE}" id="d" name="d" namespace="x"><decision id="t" name="t">'
        f'<decisionTable id="tt" hitPolicy="{policy}">{columns}<output id="out" name="chosen"/>{rules}'
        "</decisionTable></decision></definitions>"
    ).encode()


def kinds(analysis: Analysis) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.kind, one.rows) for one in analysis.findings]


# -- by example


def test_ranges_that_meet_overlap_and_what_lies_between_them_is_a_gap(engine: Engine) -> None:
    found = analyse(engine, "UNIQUE", ["days"], [["< 5"], ["? >= 4 and ? < 10"], ["> 10"]], {})
    assert kinds(found) == [(OVERLAP, (1, 2)), (GAP, ())]
    overlap, gap = found.findings
    assert 4 <= overlap.example["days"] < 5
    assert gap.example == {"days": 10}


def test_whole_numbers_have_nothing_between_neighbours(engine: Engine) -> None:
    rows = [["<= 3"], [">= 4"]]
    assert kinds(analyse(engine, "UNIQUE", ["n"], rows, {"n": Domain(INTEGER)})) == []
    (gap,) = analyse(engine, "UNIQUE", ["n"], rows, {"n": Domain(NUMBER)}).findings
    assert (gap.kind, gap.example) == (GAP, {"n": 3.5})


def test_an_enumeration_is_complete_only_where_no_other_value_is_possible(engine: Engine) -> None:
    rows = [['"a"'], ['? in ["b", "c"]']]
    assert kinds(analyse(engine, "FIRST", ["grade"], rows, {"grade": Domain(closed=("a", "b", "c"))})) == []
    (gap,) = analyse(engine, "FIRST", ["grade"], rows, {}).findings
    assert gap.example["grade"] not in ("a", "b", "c")


def test_a_row_below_one_that_takes_everything_is_never_reached(engine: Engine) -> None:
    found = analyse(engine, "FIRST", ["a", "b"], [["> 1", "-"], ["<= 1", "-"], ["7", "True"]], {"b": Domain(BOOLEAN)})
    assert kinds(found) == [(NEVER, (3, 1))]


def test_an_empty_value_that_is_compared_fails_the_table(engine: Engine) -> None:
    found = analyse(engine, "FIRST", ["days"], [["> 5"], ["-"]], {"days": Domain(NUMBER, empty=True)})
    (fails,) = found.findings
    assert (fails.kind, fails.rows, fails.column, fails.example) == (FAILS, (1,), 1, {"days": None})


def test_nothing_is_claimed_of_what_cannot_be_analysed(engine: Engine) -> None:
    rows = [['"粉尘" in ?', "-"], ["-", "> total"], ["-", "1"]]
    found = analyse(engine, "UNIQUE", ["summary + ' '", "n"], rows, {})
    assert found.findings == ()
    assert found.unknown == {(1, 1), (2, 2)}
    assert found.uncertain


def test_inputs_that_hang_together_are_not_taken_for_independent(engine: Engine) -> None:
    found = analyse(engine, "FIRST", ["n", "n > 5"], [["<= 5", "True"], ["> 5", "False"]], {})
    assert found.findings == ()
    assert len(found.unknown) == 4


def test_a_table_without_rows_has_no_answer_at_all(engine: Engine) -> None:
    assert kinds(analyse(engine, "FIRST", ["n"], [], {})) == [(GAP, ())]


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ('"a", "b"', Domain(closed=("a", "b"))),
        ("[0..100]", Domain(low=0, high=100)),
        ("", None),
        ("x", None),
    ],
)
def test_a_column_may_say_what_values_there_are(text: str, domain: Domain | None) -> None:
    assert allowed(text) == domain


# -- against the engine

CELLS: dict[str, Sequence[str]] = {
    NUMBER: (
        "-",
        "-",
        "3",
        "> 3",
        "<= 5",
        "? > 2 and ? < 6",
        "not (? == 4)",
        "in [1, 5]",
        "!= 5",
        "? < 2 or ? > 7",
        "> -1",
    ),
    INTEGER: ("-", "-", "3", "> 3", "< 3", ">= 4", "? in [2, 3]", "2 <= ? <= 4"),
    TEXT: ("-", "-", '"a"', '!= "a"', '? in ["a", "b"]', 'not in ["b"]', '> "b"', '"c"', "None"),
    BOOLEAN: ("-", "-", "True", "False", "?", "not ?", "True", "!= True"),
    DATE: ("-", "-", '> "2026-01-01"', '"2026-03-01"', '? <= "2026-01-01"', '? < "2026-03-01"'),
}
DOMAINS: Sequence[tuple[Domain, Sequence[Any]]] = (
    (Domain(NUMBER), (-2, -1, 0, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 8)),
    (Domain(NUMBER, empty=True), (None, -2, -1, 0, 1, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 8)),
    (Domain(NUMBER, low=2, high=5), (2, 2.5, 3, 3.5, 4, 4.5, 5)),
    (Domain(INTEGER), range(-1, 8)),
    (Domain(TEXT), ("", "a", "aa", "b", "bb", "c", "z")),
    (Domain(closed=("a", "b"), kind=TEXT), ("a", "b")),
    (Domain(closed=("a", "b", "c"), kind=TEXT, empty=True), ("a", "b", "c", None)),
    (Domain(BOOLEAN), (True, False)),
    (Domain(DATE), ("2025-12-31", "2026-01-01", "2026-02-01", "2026-03-01", "2026-03-02")),
)


def random_table(
    chance: random.Random,
) -> tuple[str, list[str], list[list[str]], dict[str, Domain], list[Sequence[Any]]]:
    inputs, domains, values = [], {}, []
    for name in ("p", "q.r", "s")[: chance.randint(1, 3)]:
        domain, sample = chance.choice(DOMAINS)
        if domain.open and domain.kind == TEXT:
            sample = (*sample, None)
        inputs.append(name)
        domains[name] = domain
        values.append(sample)
    rows = [[chance.choice(CELLS[domains[n].kind or TEXT]) for n in inputs] for _r in range(chance.randint(1, 5))]
    for place, name in enumerate(inputs):  # an empty value is thought of where a cell names it
        if None in values[place] and not domains[name].empty and not any(row[place] == "None" for row in rows):
            values[place] = values[place][:-1]
    if chance.random() < 0.2:
        rows[chance.randrange(len(rows))][0] = "> other"
    return chance.choice(("UNIQUE", "FIRST", "COLLECT")), inputs, rows, domains, values


def data_of(inputs: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    data: dict[str, Any] = {"other": 4}
    for name, value in zip(inputs, values, strict=True):
        first, _dot, rest = name.partition(".")
        data[first] = {rest: value} if rest else value
    return data


class Truth:
    """What the engine says, row by row and as a whole."""

    def __init__(self, engine: Engine, policy: str, inputs: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.rows = [DecisionTable(dmn("FIRST", inputs, [row]), engine.language) for row in rows]
        self.whole = DecisionTable(dmn(policy, inputs, rows), engine.language)

    def meets(self, row: int, data: Mapping[str, Any]) -> bool:
        try:
            return bool(self.rows[row - 1].decide(data).rules)
        except DecisionFailed:
            return False

    def fails(self, data: Mapping[str, Any]) -> bool:
        try:
            self.whole.decide(data)
        except DecisionFailed:
            return True
        return False

    def chosen(self, data: Mapping[str, Any]) -> int | None:
        try:
            rules = self.whole.decide(data).rules
        except DecisionFailed:
            return None
        return int(rules[0][1:]) if rules else None


@pytest.mark.parametrize("seed", range(4))
def test_the_engine_agrees_with_every_finding_and_knows_of_no_other(engine: Engine, seed: int) -> None:
    chance = random.Random(seed)
    told = 0
    for _turn in range(25):
        policy, inputs, rows, domains, values = random_table(chance)
        found = analyse(engine, policy, inputs, rows, domains)
        truth = Truth(engine, policy, inputs, rows)
        points = [data_of(inputs, point) for point in itertools.product(*values)]
        about = (policy, inputs, rows, domains)
        for one in found.findings:
            told += 1
            known = set(inputs) <= set(one.example)
            here = data_of(inputs, [one.example.get(name) for name in inputs])
            if one.kind == OVERLAP and known:
                assert all(truth.meets(row, here) for row in one.rows), (about, one)
            elif one.kind == GAP and known:
                assert found.unknown or not truth.fails(here), (about, one)
                assert truth.chosen(here) is None, (about, one)
            elif one.kind == FAILS and known:
                assert truth.fails(here), (about, one)
            elif one.kind == NEVER:
                chosen = [
                    truth.meets(one.rows[0], p) if policy != "FIRST" else truth.chosen(p) == one.rows[0] for p in points
                ]
                assert not any(chosen), (about, one)
        if found.unknown or not found.complete:
            continue
        overlaps = {one.rows for one in found.findings if one.kind == OVERLAP}
        never = {one.rows[0] for one in found.findings if one.kind == NEVER}
        fails = any(one.kind == FAILS for one in found.findings)
        gaps = any(one.kind == GAP for one in found.findings)
        assert gaps == any(truth.chosen(p) is None and not truth.fails(p) for p in points), about
        assert fails == any(truth.fails(p) for p in points), about
        if policy == "UNIQUE":
            pairs = itertools.combinations(range(1, len(rows) + 1), 2)
            assert overlaps == {
                (a, b) for a, b in pairs if any(truth.meets(a, p) and truth.meets(b, p) for p in points)
            }, about
        if policy == "FIRST" and not fails:
            reached = {truth.chosen(p) for p in points}
            assert never == {row for row in range(1, len(rows) + 1) if row not in reached}, about
    assert told > 10
