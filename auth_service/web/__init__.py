"""What endpoints and pages share: from Flask to the protocol and back, the browser session, headers. No rules."""
