"""A stack of the real programs, for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.own_stack import OwnStack


@pytest.fixture(scope="session")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    """A stack that is up, on ports and in a folder of its own."""
    stack = OwnStack.on_free_ports(tmp_path_factory.mktemp("stack"))
    stack.run("up", check=True)
    yield stack
    print(stack.run("down", check=True).stderr)


@pytest.fixture
def empty_stack(tmp_path: Path) -> Iterator[OwnStack]:
    """A stack that is not up yet; what is up at the end of the test is stopped."""
    stack = OwnStack.on_free_ports(tmp_path)
    yield stack
    print(stack.run("down", check=True).stderr)
