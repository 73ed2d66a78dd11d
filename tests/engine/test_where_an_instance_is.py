"""The live diagram: where a token is, also where nobody has a task; what lists see while branches run side by side."""

from __future__ import annotations

from app.engine import Fact
from tests.engine import diagrams as d
from tests.engine.conftest import World

FORM = {"forms/f.json": '{"fields": []}'}


def states(world: World, instance: str) -> dict[str, str]:
    with world.sessions() as session:
        return {node: state.state for node, state in world.engine.progress(session, instance).nodes.items()}


def test_an_instance_that_waits_for_the_clock_is_at_its_timer(world: World) -> None:
    world.deploy(d.package("pause", d.catch("wait", d.timer("timeDuration", "P1D")), d.user("next"), d.end()))
    instance = world.start("pause")
    assert states(world, instance) == {"start": "done", "wait": "now", "next": "ahead", "end": "ahead"}
    world.advance(days=1)
    assert states(world, instance) == {"start": "done", "wait": "done", "next": "now", "end": "ahead"}


def test_an_instance_with_an_incident_is_where_it_failed(world: World) -> None:
    world.deploy(d.package("broken", d.script("fail", "y = missing + 1"), d.user("next"), d.end()))
    assert states(world, world.start("broken")) == {"start": "done", "fail": "now", "next": "ahead", "end": "ahead"}


def test_a_sub_process_is_gone_through_and_what_follows_it_lies_ahead(world: World) -> None:
    inner = d.subprocess("inner", d.start("s"), d.user("x"), d.user("y"), d.end("e"))
    world.deploy(d.package("outer", d.user("first"), inner, d.user("after"), d.end()))
    instance = world.start("outer")
    found = states(world, instance)
    assert {found[node] for node in ("inner", "s", "x", "y", "e", "after", "end")} == {"ahead"}
    world.complete(instance, "first")
    assert states(world, instance) == {
        "start": "done", "first": "done", "inner": "now", "s": "done", "x": "now", "y": "ahead", "e": "ahead",
        "after": "ahead", "end": "ahead",
    }  # fmt: skip
    world.complete(instance, "x")
    world.complete(instance, "y")
    found = states(world, instance)
    assert (found["inner"], found["y"], found["after"]) == ("done", "done", "now")


def test_what_one_branch_found_out_is_not_forgotten_when_another_moves(world: World) -> None:
    """Row scope and facts come from all branches: one must not disappear from people's lists because of the other."""
    world.deploy(
        d.package(
            "fork", d.parallel("split"), d.user("a", form="f"), d.user("b", form="f"), d.user("c", form="f"),
            d.parallel("join"), d.user("after"), d.end(), files=FORM,
            manifest='[facts]\ngrade = "grade"\n[scope]\nsector = "sector"\n',
            flows=[
                d.Flow("split", "a"), d.Flow("split", "b"), d.Flow("b", "c"), d.Flow("a", "join"),
                d.Flow("c", "join"), d.Flow("join", "after"), d.Flow("after", "end"),
            ],
        )
    )  # fmt: skip
    instance = world.start("fork", {"sector": "CHEM"})

    def seen() -> tuple[list[str | None], str | None]:
        return [fact.text for fact in world.rows(Fact, instance)], world.instance(instance).sector_code

    world.complete(instance, "a", grade="major", sector="GAS")
    assert seen() == (["major"], "GAS")
    world.complete(instance, "b", note="x")
    assert seen() == (["major"], "GAS")
    assert world.data(instance)["note"] == "x"
    world.complete(instance, "c")
    assert seen() == (["major"], "GAS")
    assert world.open_nodes(instance) == ["after"]
