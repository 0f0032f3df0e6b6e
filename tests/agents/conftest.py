"""One MCP server before the stack that most tests share. It has one name there, so it is each module's own."""

from collections.abc import Iterator

import pytest

from tests.support.mcp_server import McpServer, run_mcp_server
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def server(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpServer]:
    with run_mcp_server(stack, tmp_path_factory.mktemp("agents")) as running:
        yield running
