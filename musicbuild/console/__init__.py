"""Words and colours: how plans, events and errors are told to people and to programs."""

from __future__ import annotations

from .errors import error_lines, place, system_error, warning_lines
from .figures import MeasuredFile, Remark, measured_data, measured_lines, remark_lines
from .json import envelope, payment_data, plan_data, step_data
from .ledger import Ledger, cost_data, cost_lines, ledger
from .look import Look, Style, count, escape, table
from .markdown import plan_markdown
from .plan import Shown, open_lines, open_table, plan_lines
from .reports import (
    Finding,
    Health,
    finding_data,
    finding_lines,
    init_lines,
    list_lines,
    model_data,
    models_lines,
    up_to_date,
    wrote_lines,
)
from .terminal import Answer, Color, Console, Manner
from .track import File, Portrait, Take, Value, show_data, show_lines
from .verify import verify_data, verify_error, verify_lines

__all__ = [
    "Answer",
    "Color",
    "Console",
    "File",
    "Finding",
    "Health",
    "Ledger",
    "Look",
    "Manner",
    "MeasuredFile",
    "Portrait",
    "Remark",
    "Shown",
    "Style",
    "Take",
    "Value",
    "cost_data",
    "cost_lines",
    "count",
    "envelope",
    "error_lines",
    "escape",
    "finding_data",
    "finding_lines",
    "init_lines",
    "ledger",
    "list_lines",
    "measured_data",
    "measured_lines",
    "model_data",
    "models_lines",
    "open_lines",
    "open_table",
    "payment_data",
    "place",
    "plan_data",
    "plan_lines",
    "plan_markdown",
    "remark_lines",
    "show_data",
    "show_lines",
    "step_data",
    "system_error",
    "table",
    "up_to_date",
    "verify_data",
    "verify_error",
    "verify_lines",
    "warning_lines",
    "wrote_lines",
]
