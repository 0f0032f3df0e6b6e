"""`event list`: what an operator finds afterwards."""

from tests.support.actions import READ, Actions


def test_it_tells_why_a_grant_ended_and_what_came_before(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted, other = app.connect(mo), app.connect(mo)
    app.refresh(granted.refresh)
    app.refresh(granted.refresh)  # reuse
    app.revoke(other.refresh)
    grant_id = actions.introspect(app.connect(mo).access)["grant_id"]
    actions.stack.command("grant", "narrow", grant_id, "--scope", READ)

    listed = actions.stack.command("event", "list", "--username", mo.username)
    assert [(event["kind"], event["detail"]) for event in listed] == [
        ("grant_narrowed", READ),
        ("grant_created", None),
        ("grant_revoked", "client"),
        ("grant_revoked", "reuse"),
        ("grant_created", None),
        ("grant_created", None),
        ("signed_in", None),
    ]
    assert {event["sub"] for event in listed} == {mo.subject}
    assert {event["client_id"] for event in listed} == {app.client_id, None}
    of_grant = actions.stack.command("event", "list", "--grant-id", grant_id, "--client-id", app.client_id)
    assert of_grant == listed[:2]
    ends = actions.stack.command("event", "list", "--kind", "grant_revoked", "--username", mo.username, "--limit", "1")
    assert ends == listed[2:3]


def test_an_account_that_is_not_there_is_said_in_one_line(actions: Actions) -> None:
    result = actions.stack.auth_app.test_cli_runner().invoke(args=["event", "list", "--username", "nobody at all"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: there is no account named nobody at all\n"
