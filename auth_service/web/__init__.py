"""Here HTTP becomes the protocol's plain values and back, for programs; pages share the browser session and headers."""
