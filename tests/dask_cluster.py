"""A Dask cluster on this machine for tests, in a process of its own.

Run as a program it is the cluster: it prints its address, and does what a line on its input says.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

HERE = Path(__file__).parent


class DaskCluster:
    """So many worker processes of one thread each, with `env` and none of this process's keys."""

    def __init__(self, workers: int = 2, *, protocol: str = "tcp", **env: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        quiet = {"DASK_LOGGING__DISTRIBUTED": "critical"}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, str(workers), protocol],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, **quiet, "PYTHONPATH": str(HERE), **env},
            text=True,
        )
        self.url = self.process.stdout.readline().strip()

    @property
    def place(self) -> tuple[str, int]:
        """Return the host and the port of the scheduler."""
        host, _, port = self.url.removeprefix("tcp://").rpartition(":")
        return host, int(port)

    def kill_busy(self) -> int:
        """Kill a worker while it works, as soon as one does; return its process id."""
        return int(self._said("kill-busy"))

    def wait_busy(self) -> None:
        self._said("wait-busy")

    def wait_idle(self) -> None:
        """Wait until the scheduler knows of no work, done or to be done."""
        self._said("wait-idle")

    def freeze(self) -> int:
        """Stop a worker without ending it; return its process id, for it has to be killed."""
        return int(self._said("freeze"))

    def kill_all(self) -> None:
        """Kill the workers, and let no other take their place."""
        self._said("kill-all")

    def add(self, workers: int) -> None:
        """Have so many workers, and wait for them."""
        self._said(f"scale {workers}")

    def _said(self, line: str) -> str:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _busy(client) -> str:
    """Wait for a worker that has something to do, and return its address."""
    while True:
        for worker, tasks in client.processing().items():
            if tasks:
                return worker
        time.sleep(0.01)


def _tell(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def _serve(workers: int, protocol: str) -> None:
    from distributed import Client, LocalCluster, Security

    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            protocol=protocol,
            security=Security(),
        ) as cluster,
        Client(cluster) as client,
    ):
        _tell(cluster.scheduler_address)
        for line in sys.stdin:
            match line.split():
                case ["kill-busy"]:
                    worker = _busy(client)
                    told = client.run(os.getpid, workers=[worker])[worker]
                    os.kill(told, signal.SIGKILL)
                case ["wait-busy"]:
                    told = _busy(client)
                case ["wait-idle"]:
                    while any(client.processing().values()) or any(client.who_has()):
                        time.sleep(0.01)
                    told = 0
                case ["freeze"]:
                    told = min(client.run(os.getpid).values())
                    os.kill(told, signal.SIGSTOP)
                case ["kill-all"]:
                    # Work that comes to the next one just before that goes is not to blame for it.
                    cluster.scheduler.allowed_failures = 100
                    cluster.scale(0)
                    while client.nthreads():
                        time.sleep(0.01)
                    told = 0
                case ["scale", count]:
                    cluster.scale(int(count))
                    client.wait_for_workers(int(count))
                    told = 0
            _tell(told)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2])
