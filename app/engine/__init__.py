"""The process engine: the only package that knows SpiffWorkflow. Outside it, only what stands here is imported."""

from app.engine.lanes import Lane, lane_of, load_lanes
from app.engine.models import (
    Definition,
    DefinitionFile,
    Fact,
    History,
    HumanTask,
    Incident,
    Instance,
    Outbox,
    Participant,
    TaskComment,
    TaskCopy,
    Timer,
)
from app.engine.ports import (
    Calendar,
    CheckFunction,
    Directory,
    Due,
    Person,
    ServiceCall,
    ServiceFunction,
    TaskCheck,
)

__all__ = [
    "Calendar",
    "CheckFunction",
    "Definition",
    "DefinitionFile",
    "Directory",
    "Due",
    "Fact",
    "History",
    "HumanTask",
    "Incident",
    "Instance",
    "Lane",
    "Outbox",
    "Participant",
    "Person",
    "ServiceCall",
    "ServiceFunction",
    "TaskCheck",
    "TaskComment",
    "TaskCopy",
    "Timer",
    "lane_of",
    "load_lanes",
]
