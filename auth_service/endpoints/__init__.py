"""HTTP for programs: reads a request, hands it to the protocol, writes the answer. Decides nothing."""
