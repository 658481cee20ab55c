"""Dask, and nothing of what is done there: the only module that knows its client.

Whatever Dask raises becomes an error of ours, and whatever it logs goes nowhere.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from importlib import import_module
from typing import Any

from ..errors import Interrupted, MusicbuildError, Unavailable, UsageError

ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")
FORMS = "write `tcp://host:8786` or `tls://host:8786`, the address of its scheduler"

CONNECTING = 10.0
"""Seconds in which the scheduler has to answer."""

PATIENCE = 60.0
"""Seconds that a cluster may be without any worker."""

LOOK = 1.0
"""Seconds between looks at whether there are workers at all."""

RETRIES = 2
"""How often work is tried elsewhere that a worker failed at; of workers that die Dask counts."""

ELSEWHERE = "build again without `--cluster`, or when it works: what was bought is kept"

STOPPED = "the build was stopped"

_LOGGERS = ("distributed", "distributed.client", "bokeh", "tornado", "tornado.application")


def check(url: str) -> None:
    """Raise UsageError for what can't be the address of a scheduler."""
    if not ADDRESS.fullmatch(url):
        raise UsageError(f"`{url[:80]}` is no address of a cluster", hint=FORMS)


class Scheduler:
    """A connection to one scheduler; any thread may ask."""

    def __init__(self, url: str) -> None:
        """Connect; raises Unavailable if nobody answers, UsageError if Dask is not usable here."""
        self._url = url
        self._is_closed = False
        self._asked: set[Any] = set()
        self._mutex = threading.Lock()
        self._client = _connect(url)

    def threads(self) -> Mapping[str, int]:
        """Return how many threads each worker has, by its address, once there is a worker."""
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
            return dict(self._client.nthreads())
        except (OSError, ValueError):
            raise self._deserted() from None

    def ask_all(self, function: Callable[[str], str], told: str) -> Mapping[str, object]:
        """Have each worker answer at once, by address; one that can't answers an exception.

        Raises Unavailable if one of them says nothing at all.
        """
        answers: Future[Mapping[str, object]] = Future()

        def run() -> None:
            try:
                answers.set_result(self._client.run(function, told, on_error="return"))
            except Exception as error:  # noqa: BLE001  it is raised where it is waited for
                answers.set_exception(error)

        threading.Thread(target=run, daemon=True).start()  # Dask itself would wait for minutes
        try:
            return answers.result(PATIENCE)
        except MusicbuildError:  # a signal, as this thread hears them
            raise
        except TimeoutError:
            raise Unavailable(
                f"a worker of the cluster `{self._url}` said nothing for {PATIENCE:g} s",
                hint=ELSEWHERE,
            ) from None
        except Exception:  # noqa: BLE001  as above
            raise self._lost() from None

    def ask(self, function: Callable[[str], str], told: str) -> object:
        """Have one worker answer, another if it dies meanwhile.

        Raises OSError if workers failed at it, Unavailable if there is none any more, and
        Interrupted after `close`.
        """
        with self._mutex:
            if self._is_closed:
                raise Interrupted(STOPPED)
            future = self._submit(function, told)
            self._asked.add(future)
        try:
            return self._answer(future)
        finally:
            with self._mutex:
                self._asked.discard(future)
            with suppress(Exception):  # the connection may be gone, and its answers with it
                future.cancel()

    def close(self) -> None:
        """Give up all that was asked; who waits for an answer meets Interrupted."""
        with self._mutex:
            self._is_closed = True
            asked, self._asked = self._asked, set()
        with suppress(Exception):  # the scheduler may be gone, and forgets us by itself
            self._client.cancel(list(asked))
        with suppress(Exception):
            self._client.close(timeout=LOOK)

    def _submit(self, function: Callable[[str], str], told: str) -> Any:
        try:
            return self._client.submit(
                function, told, key=f"musicbuild-{secrets.token_hex(16)}", retries=RETRIES
            )
        except Exception:  # noqa: BLE001  Dask has many, and none may come out
            raise self._lost() from None

    def _answer(self, future: Any) -> object:
        deserted = 0.0
        while True:
            try:
                return future.result(timeout=LOOK)
            except Exception as error:  # noqa: BLE001  a worker's, or one of Dask's many
                if self._is_closed:
                    raise Interrupted(STOPPED) from None
                if future.status == "error":
                    raise OSError(f"{type(error).__name__}: {error}") from None
                if future.status == "cancelled" or not isinstance(error, TimeoutError):
                    raise self._lost() from None
            deserted = 0.0 if self._has_workers() else deserted + LOOK
            if deserted >= PATIENCE:
                raise self._deserted()

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.nthreads())
        except Exception:  # noqa: BLE001  as above
            return False

    def _deserted(self) -> Unavailable:
        return Unavailable(
            f"the cluster `{self._url}` had no worker for {PATIENCE:g} s", hint=ELSEWHERE
        )

    def _lost(self) -> Unavailable:
        return Unavailable(f"the connection to the cluster `{self._url}` broke", hint=ELSEWHERE)


def _connect(url: str) -> Any:
    """Return a client of Dask, which has types for too little of itself."""
    distributed = _library()
    if url.startswith("tls:") and not _has_certificates(distributed):
        raise UsageError(
            f"`{url}` needs certificates, and Dask is told of none",
            hint="set `DASK_DISTRIBUTED__COMM__TLS__CA_FILE` and what else Dask needs for TLS",
        )
    try:
        return distributed.Client(url, timeout=CONNECTING, set_as_default=False)
    except MusicbuildError:  # a signal, as this thread hears them
        raise
    except Exception as error:  # noqa: BLE001  Dask has many, and none may come out
        why = "" if isinstance(error, OSError) else f": {type(error).__name__}"
        raise Unavailable(
            f"the cluster `{url}` can't be reached{why}; nothing was ordered",
            hint="see that its scheduler runs, or build without `--cluster`",
        ) from None


def _library() -> Any:
    try:
        found = import_module("distributed")
    except ImportError:
        raise UsageError(
            "`--cluster` needs `distributed`, which is not installed",
            hint="`pip install 'musicbuild[cluster]'`",
        ) from None
    except Exception as error:  # noqa: BLE001  it reads configuration when it is loaded
        raise UsageError(
            f"Dask can't be loaded: {type(error).__name__}: {str(error)[:200]}",
            hint="mend its configuration, in `~/.config/dask` or where `DASK_CONFIG` says",
        ) from None
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    category = import_module("distributed.versions").VersionMismatchWarning
    warnings.filterwarnings("ignore", category=category)
    return found


def _has_certificates(distributed: Any) -> bool:
    try:
        told = distributed.Security().get_connection_args("client")
    except Exception:  # noqa: BLE001  a certificate that is none, or can't be read
        return False
    return told.get("ssl_context") is not None
