"""The process engine: the only package that knows SpiffWorkflow. Outside it, only what stands here is imported."""

from app.engine.checking import Problem, Variable
from app.engine.core import Loaded
from app.engine.deciding import Decided, DecisionFailed, DecisionRefused, DecisionTable
from app.engine.engine import Engine
from app.engine.migration_models import Migration, MigrationItem
from app.engine.models import (
    Child,
    ClockPause,
    Definition,
    DefinitionFile,
    Fact,
    History,
    Hold,
    HumanTask,
    Incident,
    Instance,
    Message,
    Outbox,
    Participant,
    Signing,
    Subscription,
    TaskComment,
    TaskCopy,
    Timer,
    WorkerBeat,
)
from app.engine.packages.deadline_text import (
    DeadlineTextError,
    add_duration,
    checked_count,
    parse_deadline,
    parse_duration,
    parse_instant,
    parse_offset,
)
from app.engine.packages.diagram import Diagram, Flow, Node, read_diagram
from app.engine.packages.front_door import XMLRefused, open_xml
from app.engine.packages.lanes import Lane, lane_of, load_lanes
from app.engine.packages.package import Package, load_folder, package_from_files
from app.engine.packages.scenarios import run_scenarios
from app.engine.ports import (
    Calendar,
    CheckFunction,
    Choice,
    Directory,
    Due,
    Forms,
    Person,
    ServiceCall,
    ServiceFunction,
    TaskCheck,
)
from app.engine.rehearsal import Cancelled as RehearsalCancelled
from app.engine.rehearsal import Capacity, Outline, Priors, key_of, rehearse
from app.engine.rehearsal import Model as RehearsalModel
from app.engine.rehearsal import Step as RehearsalStep
from app.engine.rehearsal import TookTooLong as RehearsalTookTooLong
from app.engine.rehearsal import arrivals_of as rehearsal_arrivals
from app.engine.rehearsal import compare as compare_rehearsals
from app.engine.rehearsal import model_of as rehearsal_model
from app.engine.rehearsal import outline_of as rehearsal_outline
from app.engine.rehearsal import priors_of as rehearsal_priors
from app.engine.rehearsal import suggest as suggest_rehearsal
from app.engine.rehearsal.model import MAX_HOURS as LONGEST_REHEARSED_STEP
from app.engine.running.migrating.reasons import Reason, text_of
from app.engine.verbs.effects import afterwards
from app.engine.verbs.going_back import GoneBack, ReturnTarget
from app.engine.verbs.instances import Completed, NextTask, Started
from app.engine.verbs.messages import Broadcast, Sent
from app.engine.verbs.migrations import MigrationPlan, NodePlan, Outcome
from app.engine.verbs.moving import Movable, Place
from app.engine.verbs.reads import ChildCount, NodeState, Progress, Wait
from app.engine.verbs.signing import Signer, Tally
from app.engine.verbs.standing import Pace, Standing

__all__ = [
    "LONGEST_REHEARSED_STEP",
    "Broadcast",
    "Calendar",
    "Capacity",
    "CheckFunction",
    "Child",
    "ChildCount",
    "Choice",
    "ClockPause",
    "Completed",
    "DeadlineTextError",
    "Decided",
    "DecisionFailed",
    "DecisionRefused",
    "DecisionTable",
    "Definition",
    "DefinitionFile",
    "Diagram",
    "Directory",
    "Due",
    "Engine",
    "Fact",
    "Flow",
    "Forms",
    "GoneBack",
    "History",
    "Hold",
    "HumanTask",
    "Incident",
    "Instance",
    "Lane",
    "Loaded",
    "Message",
    "Migration",
    "MigrationItem",
    "MigrationPlan",
    "Movable",
    "NextTask",
    "Node",
    "NodePlan",
    "NodeState",
    "Outbox",
    "Outcome",
    "Outline",
    "Pace",
    "Package",
    "Participant",
    "Person",
    "Place",
    "Priors",
    "Problem",
    "Progress",
    "Reason",
    "RehearsalCancelled",
    "RehearsalModel",
    "RehearsalStep",
    "RehearsalTookTooLong",
    "ReturnTarget",
    "Sent",
    "ServiceCall",
    "ServiceFunction",
    "Signer",
    "Signing",
    "Standing",
    "Started",
    "Subscription",
    "Tally",
    "TaskCheck",
    "TaskComment",
    "TaskCopy",
    "Timer",
    "Variable",
    "Wait",
    "WorkerBeat",
    "XMLRefused",
    "add_duration",
    "afterwards",
    "checked_count",
    "compare_rehearsals",
    "key_of",
    "lane_of",
    "load_folder",
    "load_lanes",
    "open_xml",
    "package_from_files",
    "parse_deadline",
    "parse_duration",
    "parse_instant",
    "parse_offset",
    "read_diagram",
    "rehearsal_arrivals",
    "rehearsal_model",
    "rehearsal_outline",
    "rehearsal_priors",
    "rehearse",
    "run_scenarios",
    "suggest_rehearsal",
    "text_of",
]
