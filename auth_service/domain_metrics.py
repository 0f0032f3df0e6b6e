"""What happens to tokens, grants and sign-ins, as Prometheus metrics. docs/monitoring.md says what each name means."""

import logging
import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from auth_service.crypto.token_handle import TokenKind
from auth_service.models.base import now
from auth_service.protocol.observer import SignIn, Spending
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.mail_queue import MailQueue
from shared.service.sql_engine import SQL_OUTAGES

GRANTS_KEPT_FOR = 60
"""Seconds for which a count of grants is told again: the database reads the whole table for it."""
_CREDENTIALS = {
    TokenKind.AUTHORIZATION_CODE: "authorization_code",
    TokenKind.DEVICE_CODE: "device_code",
    TokenKind.REFRESH_TOKEN: "refresh_token",
}

_log = logging.getLogger(__name__)


class DomainMetrics:
    """It is the protocol's observer. Each series is remembered: looking one up would take longer than counting."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._token_requests = Counter(
            "oauth_token_requests",
            "Answers of the token endpoint, by grant type and by issued or the error's code",
            ["grant_type", "outcome"],
            registry=registry,
        )
        self._token_series: dict[tuple[str | None, str], Counter] = {}
        spent = Counter(
            "oauth_credentials_spent",
            "Codes and refresh tokens that were presented, by what came of it",
            ["credential", "outcome"],
            registry=registry,
        )
        self._spent = {
            (kind, outcome): spent.labels(name, outcome.value)
            for kind, name in _CREDENTIALS.items()
            for outcome in Spending
        }
        sign_ins = Counter("sign_ins", "Attempts to sign in with a password", ["outcome"], registry=registry)
        self._sign_ins = {outcome: sign_ins.labels(outcome.value) for outcome in SignIn}

    def token_request(self, grant_type: str | None, outcome: str) -> None:
        """Count an answer of the token endpoint."""
        series = self._token_series.get((grant_type, outcome))
        if series is None:
            series = self._token_requests.labels(grant_type or "unsupported", outcome)
            self._token_series[grant_type, outcome] = series
        series.inc()

    def spending(self, kind: TokenKind, outcome: Spending) -> None:
        """Count a credential that works once."""
        self._spent[kind, outcome].inc()

    def sign_in(self, outcome: SignIn) -> None:
        """Count an attempt to sign in."""
        self._sign_ins[outcome].inc()


class GrantCollector(Collector):
    """It counts the grants of people that were neither ended nor are past their end, of all processes together."""

    def __init__(self, records: GrantRecordStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._records = records
        self._clock = clock
        self._counted: tuple[float, int] | None = None

    def collect(self) -> Iterable[Metric]:
        """Yield nothing while the database can't be asked: an outage is no fall to zero."""
        counted, now = self._counted, self._clock()
        if counted is None or now - counted[0] >= GRANTS_KEPT_FOR:
            try:
                counted = self._counted = now, self._records.count_living()
            except SQL_OUTAGES as outage:
                _log.warning("no count of grants: %s", type(outage).__name__)
                return
        yield GaugeMetricFamily("oauth_grants", "Grants of people, neither ended nor past their end", counted[1])


class MailCollector(Collector):
    """It counts what waits to be mailed, of all processes together; nothing where no mail is sent."""

    def __init__(self, queue: MailQueue) -> None:
        self._queue = queue

    def collect(self) -> Iterable[Metric]:
        """Yield nothing while the database can't be asked: an outage is no fall to zero."""
        if not self._queue.is_sent:
            return
        try:
            waiting, oldest = self._queue.figures()
        except SQL_OUTAGES as outage:
            _log.warning("no count of mail: %s", type(outage).__name__)
            return
        yield GaugeMetricFamily("mail_waiting", "Messages that were not handed over yet", waiting)
        age = 0.0 if oldest is None else max((now() - oldest).total_seconds(), 0.0)
        yield GaugeMetricFamily("mail_oldest_seconds", "How long the oldest of them waits", age)
