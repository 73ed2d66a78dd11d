"""Random processes, moved to another version after every step: the same open steps, timers and data as the blocks say.

Two other versions of each: one with every node under another id, from which it goes back at once, and one with events
and scripts put in between. More seeds: `DUBAN_TEST_SEEDS=200`.
"""

from __future__ import annotations

import os
import random
import re

import pytest

from app.audit import SYSTEM
from app.engine import Package, package_from_files
from tests.engine.conftest import World
from tests.engine.random_paths import Player, Side

SEEDS = int(os.environ.get("DUBAN_TEST_SEEDS", "5"))
_NODE = (
    r"<bpmn:(?:userTask|scriptTask|serviceTask|exclusiveGateway|parallelGateway|inclusiveGateway|eventBasedGateway|"
    r'intermediateCatchEvent|intermediateThrowEvent|boundaryEvent|subProcess|callActivity|startEvent|endEvent) id="([^"]+)"'
)


def renamed(package: Package) -> tuple[Package, dict[str, str]]:
    """Every node under another id and name, as somebody who draws the process anew has it."""
    text = package.diagram.decode()
    names = {name: f"n_{name}" for name in re.findall(_NODE, text)}
    for name, other in names.items():
        text = re.sub(
            rf'(\b(?:id|sourceRef|targetRef|attachedToRef)=")({re.escape(name)})(")', rf"\g<1>{other}\g<3>", text
        )
        text = re.sub(rf"(<bpmn:(?:incoming|outgoing)>){re.escape(name)}(</)", rf"\g<1>{other}\g<2>", text)
    return package_from_files(package.key, dict(package.files) | {"process.bpmn": text}), names


def with_more(package: Package, chance: random.Random) -> Package:
    """Some flows lead through an event or a script of their own."""
    text = package.diagram.decode()
    races = set(re.findall(r'<bpmn:eventBasedGateway id="([^"]+)"', text))  # only events may follow these
    number = 0

    def through(found: re.Match[str]) -> str:
        nonlocal number
        source = re.search(r'sourceRef="([^"]+)"', found[0])
        if chance.random() < 0.5 or (source and source[1] in races):
            return found[0]
        number += 1
        new = f"more{number}"
        node = chance.choice(
            [
                f'<bpmn:intermediateThrowEvent id="{new}"/>',
                f'<bpmn:scriptTask id="{new}"><bpmn:script>extra_{number} = 1</bpmn:script></bpmn:scriptTask>',
            ]
        )
        first = re.sub(r'targetRef="[^"]+"', f'targetRef="{new}"', found[0])
        target = re.search(r'targetRef="([^"]+)"', found[0])
        assert target
        return f'{first}{node}<bpmn:sequenceFlow id="after_{new}" sourceRef="{new}" targetRef="{target[1]}"/>'

    text = re.sub(r"<bpmn:sequenceFlow [^>]*?(?:/>|>.*?</bpmn:sequenceFlow>)", through, text, flags=re.S)
    return package_from_files(package.key, dict(package.files) | {"process.bpmn": text})


class Mover(Player):
    """Plays as always, and is moved after every step."""

    moved = 0
    there: dict[str, str] | None = None

    def prepare(self) -> None:
        world = self.first.world
        other, names = renamed(self.package)
        world.deploy(other)
        world.deploy(with_more(self.package, self.chance))
        self.there, self.back = names, {other: name for name, other in names.items()}

    def agree(self) -> None:
        super().agree()
        if self.there is None:
            self.prepare()
        if self.game.ended:
            return
        if self.moved < 8:
            self.migrate(1, 2, self.there)
            self.migrate(2, 1, self.back)
        else:  # from here on it runs with what was put in between, which is taken out again each time
            if self.moved > 8:
                self.migrate(3, 1)
            self.migrate(1, 3)
        super().agree()

    def migrate(self, old: int, new: int, mapping: dict[str, str] | None = None) -> None:
        world, key = self.first.world, self.package.key
        self.path.append(f"migrate {old} to {new}")
        move(world, key, old, new, mapping, self.first.instance)
        self.moved += 1


def move(
    world: World, key: str, old: int, new: int, mapping: dict[str, str] | None = None, instance: str | None = None
) -> None:
    """At once and for real; what could not be moved is told."""
    from app.engine.verbs.migrations import CannotMove, Migrate

    with world.sessions() as session:
        plan = world.engine.plan_migration(session, key, old, new, mapping)
    try:
        world.engine._turn(Migrate(SYSTEM, plan.way, instance or ""))
    except CannotMove as refused:
        raise AssertionError(f"{refused.reason} at {refused.node_id}") from refused


@pytest.mark.one_database
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_random_process_that_is_drawn_anew_at_every_step_goes_on_as_the_blocks_say(world: World, seed: int) -> None:
    player = Mover(seed, [Side(world, None)])
    assert player.play()
    assert player.moved
