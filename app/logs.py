"""Log lines: JSON in production, readable while developing. Every line carries what is bound: request, instance, task.

What people answer, secrets and the contents of records are never logged; ids are.
"""

from __future__ import annotations

import logging
import sys

import structlog

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(*, production: bool) -> None:
    """For processes that serve or work. Commands that a person runs keep to their own words."""
    # Plain: decorated tracebacks take seconds each, while every thread waits for the log, and print local variables.
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if production:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
        last.append(structlog.processors.format_exc_info)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=[*last, renderer]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that is left out while one still runs is meant
    logging.getLogger("spiff").setLevel(logging.WARNING)  # below, its lines carry all data of the instance
    logging.captureWarnings(True)
