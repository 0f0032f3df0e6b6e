"""`flask --app auth_service database prune`: what it removes nobody misses."""

from datetime import timedelta

from sqlalchemy import update

from auth_service.models.base import now
from auth_service.models.grant import GrantRecord
from tests.support.actions import Actions, error_of, tokens


def test_apps_that_are_connected_notice_nothing_and_ended_ones_stay_ended(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    connected, ended, ran_out = app.connect(mo), app.connect(actions.person()), app.connect(actions.person())
    app.revoke(ended.refresh)
    with actions.stack.parts.database.writing() as session:
        grant = GrantRecord.id == actions.introspect(ran_out.access)["grant_id"]
        session.execute(update(GrantRecord).where(grant).values(expires_at=now() - timedelta(days=8)))

    pruned = actions.stack.command("database", "prune", "--older-than", "7")
    assert pruned == {"grants": 1, "security_events": 0}
    assert actions.stack.command("database", "prune", "--older-than", "7") == {"grants": 0, "security_events": 0}

    assert actions.is_active(tokens(app.refresh(connected.refresh)).access)
    for gone in (ended, ran_out):
        assert error_of(app.refresh(gone.refresh)) == (400, "invalid_grant")


def test_without_an_age_nothing_is_removed(actions: Actions) -> None:
    for arguments in ([], ["--older-than", "0"], ["--older-than", "x"]):
        result = actions.stack.auth_app.test_cli_runner().invoke(args=["database", "prune", *arguments])
        assert (result.exit_code, result.stdout) == (2, "")
