from __future__ import annotations

import pytest
from gateway import Gateway


@pytest.fixture
def gateway():
    with Gateway() as gateway:
        yield gateway
