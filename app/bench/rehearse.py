"""A thousand hazards rehearsed over a virtual year, and whether the figures come out the same."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from app.bench.measure import Figure
from app.bench.stage import Stage
from app.config import ROOT
from app.engine import Capacity, load_folder, rehearsal_outline, suggest_rehearsal
from app.engine import rehearse as play

SAMPLE = 25  # cases that are played twice


def rehearse(stage: Stage, count: int) -> list[Figure]:
    """The shipped hazard process with the figures that a new city proposes."""
    package = load_folder(ROOT / "bpmn" / "hazard_rectification")
    with stage.engine.sessions() as session:
        model = suggest_rehearsal(stage.engine, session, rehearsal_outline(stage.engine, package))
        model = replace(model, count=count, days=365, roles={role: Capacity(people=20) for role in model.roles})
        began, processor = time.monotonic(), time.process_time()
        figures = play(stage.engine, session, package, model)
        took, busy = time.monotonic() - began, time.process_time() - processor
        small = replace(model, count=min(count, SAMPLE))
        twice = [json.dumps(play(stage.engine, session, package, small)) for _time in range(2)]
    return [
        Figure("rehearse", f"{count:,} hazards over a year: wall time", took, "s", limit=60),
        Figure("rehearse", f"{count:,} hazards over a year: processor time", busy, "s"),
        Figure("rehearse", "cases that came to an end", float(figures["cases"]["ended"]), ""),
        Figure("rehearse", "same figures for the same seed", float(twice[0] == twice[1]), "", limit=1, at_least=True),
    ]
