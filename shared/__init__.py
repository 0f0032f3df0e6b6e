"""What any resource server needs, ours or a stranger's: token validation, environment, logs, health.

Nothing here knows the authorization server's or the Fit API's rules, tables or scope names.
"""
