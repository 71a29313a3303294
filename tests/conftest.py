"""What all tests share."""

from collections.abc import Iterator

import pytest

from tests.support.github import GitHub

pytest_plugins = ["tests.support.engine", "tests.support.browser"]


@pytest.fixture
def github() -> Iterator[GitHub]:
    """A local GitHub with an empty roadrunner-server/roadrunner; see ``tests.support.github``."""
    with GitHub() as server:
        yield server
