"""Work for a cluster that waits until it is let."""

from __future__ import annotations

import os
import time
from pathlib import Path


def work(order):
    if order.get("large"):
        return {"": b"large" * 50_000}
    asking = os.getppid()
    while not Path(order["gate"]).exists() and os.getppid() == asking:
        time.sleep(0.01)
    return {"": b"made"}
