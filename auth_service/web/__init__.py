"""From HTTP to the protocol's plain values and back, for programs; the browser session and headers that pages share."""
