"""In the device flow (RFC 8628) a device gets two codes, a person decides in a browser, the device gets tokens."""
