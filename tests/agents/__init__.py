"""Agents: MCP clients that we did not write, at examples/agents/server.py."""
