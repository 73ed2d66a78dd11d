"""The children of a detached call in a scenario: a process of their own key that waits until the file says it is over.

What stands in for a child keeps what it was given, as `given`; the file says how it ends and with which data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.audit import SYSTEM
from app.db import write_transaction
from app.engine.models import Child
from app.engine.packages.diagram import read_diagram
from app.engine.packages.package import Package, package_from_files
from app.engine.running.children.rows import tell_parent

if TYPE_CHECKING:
    from app.engine.engine import Engine

OVER = ".over"
_DIAGRAM = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="d" targetNamespace="duban">
<bpmn:message id="over" name=".over"/>
<bpmn:process id="{key}" isExecutable="true"><bpmn:startEvent id="start"/>
<bpmn:receiveTask id="runs" messageRef="over"><bpmn:extensionElements><spiffworkflow:properties>
<spiffworkflow:property name="correlation" value="instance_id"/></spiffworkflow:properties></bpmn:extensionElements>
</bpmn:receiveTask><bpmn:endEvent id="end"/>
<bpmn:sequenceFlow id="to" sourceRef="start" targetRef="runs"/>
<bpmn:sequenceFlow id="on" sourceRef="runs" targetRef="end"/></bpmn:process></bpmn:definitions>"""


def called_processes(package: Package) -> set[str]:
    """The processes whose instances its detached calls start, but for itself."""
    nodes = read_diagram(package.diagram).nodes.values()
    return {node.starts for node in nodes if node.starts} - {package.key}


def stand_in(key: str) -> Package:
    return package_from_files(
        key, {"process.toml": f'key = "{key}"\nstarters = []', "process.bpmn": _DIAGRAM.format(key=key)}
    )


def running_children(engine: Engine, parent_id: str, node_id: str, index: int | None) -> list[str]:
    """Instances of the children that a node has started and that are not over, in the order of its list."""
    which = sa.and_(Child.parent_id == parent_id, Child.node_id == node_id, Child.state == "running")
    if index is not None:
        which = sa.and_(which, Child.number == index)
    with engine.sessions() as session:
        found = session.scalars(sa.select(Child.instance_id).where(which).order_by(Child.round, Child.number)).all()
        return [instance_id for instance_id in found if instance_id is not None]


def end_child(engine: Engine, instance_id: str, status: str, data: Mapping[str, Any]) -> None:
    """It is over, and knew this in the end."""
    if status == "ended":
        engine.send_message(OVER, instance_id, data, by=SYSTEM)
    elif status == "cancelled":
        engine.cancel(instance_id, "场景：子流程撤销", by=SYSTEM)
    else:
        _fail(engine, instance_id)


def _fail(engine: Engine, instance_id: str) -> None:
    """As if it could not have been started."""
    with engine.sessions() as session, write_transaction(session):
        child = session.scalars(sa.select(Child).where(Child.instance_id == instance_id)).one()
        child.state, child.error, child.ended_at = "failed", "scenario", engine.clock.now()
        session.flush()
        tell_parent(session, child.id, engine.clock.now())


def started_by(engine: Engine, parent_id: str) -> dict[str, int]:
    """How many children each node has started."""
    started = sa.and_(Child.parent_id == parent_id, Child.instance_id.is_not(None))
    count = sa.select(Child.node_id, sa.func.count()).where(started).group_by(Child.node_id)
    with engine.sessions() as session:
        return {str(node): number for node, number in session.execute(count)}
