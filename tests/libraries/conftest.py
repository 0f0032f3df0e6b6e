"""FastMCP, which two files of tests need: fetched once."""

import pytest

from tests.libraries.fastmcp import PACKAGES
from tests.libraries.program import python_with


@pytest.fixture(scope="session")
def fastmcp(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has it."""
    return python_with(tmp_path_factory.mktemp("fastmcp"), PACKAGES)
