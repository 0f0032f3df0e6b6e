"""Whether deleted accounts are erased, and resource servers say that what they had of these people is gone too."""

from collections.abc import Iterator
from datetime import timedelta

from auth_service.models.base import now
from auth_service.storage.deleted_accounts import DeletedAccountStore
from shared.operations.doctor import Finding

_ACKNOWLEDGED_WITHIN = timedelta(hours=1)
_ERASED_WITHIN = timedelta(hours=1)


def deletion_findings(deleted: DeletedAccountStore) -> Iterator[Finding]:
    """What waits for longer than it should."""
    if overdue := deleted.count_overdue(_ERASED_WITHIN):
        yield Finding(
            f"{overdue} deleted accounts are past their grace period and still there",
            "See in the service's log whether revocations are reconciled: the same worker erases accounts",
        )
    for server, count, oldest in deleted.unacknowledged():
        waits = now() - oldest
        if waits > _ACKNOWLEDGED_WITHIN:
            yield Finding(
                f"{server} has not acknowledged that {count} accounts are deleted, the first for "
                f"{waits.total_seconds() / 3600:.0f} h",
                "See whether its worker runs (of the Fit API: `webhooks deliver`), and its log",
            )
