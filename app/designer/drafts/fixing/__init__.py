"""One-click fixes: each puts one problem right and changes nothing else in the file."""

from __future__ import annotations

from collections.abc import Callable

from app.designer.drafts.fixing import files, flows, restoring, services, words
from app.designer.drafts.fixing.bench import Bench, Changes, Fix
from app.engine import Problem

__all__ = ["Bench", "Changes", "Fix", "fix_of"]

_FIXERS: dict[str, Callable[[Problem, Bench], Fix | None]] = {
    "condition_ignored": flows.drop_condition,
    "correlation_missing": words.correlation,
    "dead_end": flows.dead_end,
    "deadline": words.deadline,
    "default_conditional": flows.drop_condition,
    "default_elsewhere": flows.drop_default,
    "default_ignored": flows.drop_default,
    "default_missing": flows.default_missing,
    "element_unsupported": flows.untyped_task,
    "extension_foreign": words.foreign,
    "extension_process": words.process_unknown,
    "file_missing": files.file_missing,
    "file_unknown": files.file_unknown,
    "flow_condition_missing": flows.condition_missing,
    "form_missing": files.form_missing,
    "form_unused": files.form_unused,
    "key_mismatch": flows.key_mismatch,
    "ladder_process": words.process_unknown,
    "lane_unknown": words.lane_unknown,
    "manifest_key": files.manifest_key,
    "manifest_starters": files.manifest_starters,
    "manifest_title": files.manifest_title,
    "name_en_missing": words.name_en,
    "not_executable": flows.not_executable,
    "property_misplaced": words.property_unknown,
    "property_unknown": words.property_unknown,
    "role_missing": words.role_missing,
    "role_unknown": words.role_unknown,
    "service_parameter_missing": services.parameter_missing,
    "service_parameter_unknown": services.parameter_unknown,
    "service_unknown": services.unknown,
    "statutory_removed": restoring.step,
    "statutory_unmarked": words.statutory,
    "timer": words.timer,
    "verb_unknown": words.verb_unknown,
}


def fix_of(problem: Problem, bench: Bench) -> Fix | None:
    """What one click can do about a problem; None where somebody has to think."""
    fixer = _FIXERS.get(problem.code)
    return fixer(problem, bench) if fixer else None
