"""An MCP server in front of the Fit API, and an agent that connects to it."""
