"""Every provider that comes with musicbuild passes the suite that plug-in authors are given."""

from __future__ import annotations

import pytest
from gateway import Gateway

from musicbuild.providers.elumenta import PROVIDER as ELUMENTA
from musicbuild.testing import ProviderSuite


class ElumentaSuite(ProviderSuite):
    provider = ELUMENTA
    credentials = ("ELUMENTA_API_KEY",)
    dialect: int | str = 1
    polls = 0

    @pytest.fixture(autouse=True)
    def _serve(self):
        with Gateway(dialect=self.dialect, polls=self.polls) as self.gateway:
            yield

    def environment(self):
        return {**self.gateway.environment, "ELUMENTA_POLL_SECONDS": "5"}

    def paid_requests(self):
        return len(self.gateway.posts)

    def lose_next_answer(self):
        self.gateway.fault("post", "lost")
        return True


class TestElumentaOfDialect1(ElumentaSuite):
    dialect = 1


class TestElumentaOfDialect2(ElumentaSuite):
    dialect = 2
    polls = 2


class TestElumentaOfBoth(ElumentaSuite):
    dialect = "mixed"
    polls = 1
