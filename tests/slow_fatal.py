"""Work for a cluster that ends the worker who has it done."""

from __future__ import annotations

import os
import signal


def work(order):
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(1)
