"""Words and colours: how plans, events and errors are told to people and to programs."""

from __future__ import annotations

from .errors import error_lines, system_error, warning_lines
from .json import envelope, plan_data, step_data
from .look import Look, Style, count, escape, table
from .markdown import plan_markdown
from .plan import Shown, plan_lines
from .terminal import Answer, Color, Console, Manner

__all__ = [
    "Answer",
    "Color",
    "Console",
    "Look",
    "Manner",
    "Shown",
    "Style",
    "count",
    "envelope",
    "error_lines",
    "escape",
    "plan_data",
    "plan_lines",
    "plan_markdown",
    "step_data",
    "system_error",
    "table",
    "warning_lines",
]
