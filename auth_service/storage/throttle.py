"""Brakes against guessing, counted in Redis. They slow a guesser down and never lock an owner out.

Where requests come from is a network (`shared/service/client_network.py`), which each method makes of the address it
is given.

People: attempts are counted before the password is looked at, so that parallel guesses can't slip through, and given
back when it was right. Clients: their secrets can't be guessed, so only failures count and a right secret always works.
"""

import math
import time
from dataclasses import dataclass
from hashlib import sha256

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from auth_service.models.account import normalised_name
from auth_service.storage.redis_connection import RedisClients
from shared.redis.counters import CountersInRedis
from shared.service.client_network import client_network

SIGN_INS_OF_ACCOUNT_IN_NETWORK = RateLimitItemPerMinute(10, 15)
SIGN_INS_IN_NETWORK = RateLimitItemPerMinute(100, 15)
SIGN_INS_OF_ACCOUNT_BY_STRANGERS = RateLimitItemPerHour(50)
"""From networks in which the account never signed in: so a crowd of guessers can't keep the owner out at home."""
FAILURES_OF_CLIENT_IN_NETWORK = RateLimitItemPerMinute(30)
FAILURES_IN_NETWORK = RateLimitItemPerMinute(120)
USER_CODES_OF_ACCOUNT = RateLimitItemPerMinute(10, 15)
USER_CODES_IN_NETWORK = RateLimitItemPerMinute(50, 15)
"""A user code has 34 bits (RFC 8628 §5.1)."""
UNPROVEN_REQUESTS_IN_NETWORK = RateLimitItemPerMinute(120)
"""Requests of public clients, which anybody can send, and each of which we keep for a while."""
KEPT_REQUESTS_IN_NETWORK = RateLimitItemPerMinute(2_000, 15)
KEPT_REQUESTS_OF_ACCOUNT = RateLimitItemPerMinute(200, 15)
"""Requests that wait for a person for as long, some kilobytes each: by network until it is known who the person is."""
CODES_OF_ACCOUNT_IN_NETWORK = RateLimitItemPerMinute(10, 15)
CODES_IN_NETWORK = RateLimitItemPerMinute(100, 15)
CODES_OF_ACCOUNT_BY_STRANGERS = RateLimitItemPerHour(30)
"""Codes after a right password: three of a million are right at any time, and a recovery code can't be guessed."""
PASSKEY_CHALLENGES_IN_NETWORK = RateLimitItemPerMinute(2_000, 15)
"""Challenges that wait for as long for an authenticator. A key can't be guessed; this bounds what is kept of them."""
REGISTRATIONS_IN_NETWORK = RateLimitItemPerHour(30)
"""Attempts to register a client, good or bad."""
DOCUMENTS_IN_NETWORK = RateLimitItemPerHour(60)
"""Documents that describe clients, read from their hosts for somebody there."""
MAILS_FOR_ONE_IN_NETWORK = RateLimitItemPerMinute(3, 15)
MAILS_FOR_ONE = RateLimitItemPerHour(10)
"""Whoever asks for somebody else's links can't have them mailed without end. The links that came before still work."""
MAILS_IN_NETWORK = RateLimitItemPerMinute(30, 15)
RECORDED_FAILURES = RateLimitItemPerMinute(600)
"""Failed sign-ins that are recorded one by one, of all networks together, but for those that a limit above bounds."""

_NETWORK_REMEMBERED = 90 * 86_400
"""Seconds for which a network in which somebody signed in counts as theirs."""

_Counter = tuple[RateLimitItem, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Admission:
    """An attempt that was let through; hand it back if it succeeded."""

    account: str
    network: str
    counters: tuple[_Counter, ...]


class Throttle:
    """The counters. Names of accounts and networks are stored as digests."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients.scripts
        self._limiter = FixedWindowRateLimiter(CountersInRedis(clients.scripts, "throttle"))

    def admit_sign_in(self, username: str, address: str) -> Admission | int:
        """Let an attempt to sign in through, or answer the seconds to wait. A name is counted in all its spellings."""
        account, network = _digest(normalised_name(username)), _digest(client_network(address))
        counters: list[_Counter] = [
            (SIGN_INS_IN_NETWORK, ("address", network)),
            (SIGN_INS_OF_ACCOUNT_IN_NETWORK, ("account", account, network)),
        ]
        if not self._redis.exists(_known_network(account, network)):
            counters.append((SIGN_INS_OF_ACCOUNT_BY_STRANGERS, ("strangers", account)))
        return self._admit(account, network, counters)

    def admit_second_step(self, username: str, address: str) -> Admission | int:
        """Let a code that follows a right password through, or answer the seconds to wait."""
        account, network = _digest(normalised_name(username)), _digest(client_network(address))
        counters: list[_Counter] = [
            (CODES_IN_NETWORK, ("codes", network)),
            (CODES_OF_ACCOUNT_IN_NETWORK, ("codes-of", account, network)),
        ]
        if not self._redis.exists(_known_network(account, network)):
            counters.append((CODES_OF_ACCOUNT_BY_STRANGERS, ("codes-of-by-strangers", account)))
        return self._admit(account, network, counters)

    def sign_in_succeeded(self, admission: Admission) -> None:
        """Give the attempt back and remember that the account signs in in this network."""
        self._give_back(admission)
        self._redis.set(_known_network(admission.account, admission.network), "", ex=_NETWORK_REMEMBERED)

    def not_tried(self, admission: Admission) -> None:
        """Give the attempt back: nobody looked at the password."""
        self._give_back(admission)

    def password_was_right(self, admission: Admission) -> None:
        """Give the attempt back. There is a second step, so it isn't known yet whose network this is."""
        self._give_back(admission)

    def admit_user_code(self, account_id: str, address: str) -> Admission | int:
        """Let a person look for a device by the code they typed, or answer the seconds to wait."""
        account, network = _digest(account_id), _digest(client_network(address))
        counters: list[_Counter] = [
            (USER_CODES_IN_NETWORK, ("user-codes", network)),
            (USER_CODES_OF_ACCOUNT, ("user-codes-of", account)),
        ]
        return self._admit(account, network, counters)

    def user_code_found(self, admission: Admission) -> None:
        """Give the attempt back: only codes that don't exist count."""
        self._give_back(admission)

    def client_failed(self, client_id: str, address: str) -> int | None:
        """Count a failed client authentication; the seconds to wait if there were too many.

        Clients are only counted one by one while all together weren't too many: anybody can make names up.
        """
        client, network = _digest(client_id), _digest(client_network(address))
        counters: list[_Counter] = [
            (FAILURES_IN_NETWORK, ("clients", network)),
            (FAILURES_OF_CLIENT_IN_NETWORK, ("client", client, network)),
        ]
        return next((self._seconds_left(counter) for counter in counters if not self._count(counter)), None)

    def unproven_request(self, address: str) -> int | None:
        """Count a request that is kept though nobody proved anything; the seconds to wait if there were too many."""
        counter: _Counter = (UNPROVEN_REQUESTS_IN_NETWORK, ("unproven", _digest(client_network(address))))
        return None if self._count(counter) else self._seconds_left(counter)

    def kept_request(self, account_id: str | None, address: str) -> int | None:
        """Count a request that is kept until a person has decided; the seconds to wait if there were too many."""
        counter: _Counter = (KEPT_REQUESTS_IN_NETWORK, ("kept", _digest(client_network(address))))
        if account_id is not None:
            counter = (KEPT_REQUESTS_OF_ACCOUNT, ("kept-of", _digest(account_id)))
        return None if self._count(counter) else self._seconds_left(counter)

    def passkey_challenge(self, address: str) -> int | None:
        """Count a challenge that is kept for a browser; the seconds to wait if there were too many."""
        counter: _Counter = (PASSKEY_CHALLENGES_IN_NETWORK, ("passkeys", _digest(client_network(address))))
        return None if self._count(counter) else self._seconds_left(counter)

    def registration(self, address: str) -> int | None:
        """Count an attempt to register a client; the seconds to wait if there were too many."""
        counter: _Counter = (REGISTRATIONS_IN_NETWORK, ("registration", _digest(client_network(address))))
        return None if self._count(counter) else self._seconds_left(counter)

    def document(self, address: str) -> int | None:
        """Count a document that is read for somebody there; the seconds to wait if there were too many."""
        counter: _Counter = (DOCUMENTS_IN_NETWORK, ("documents", _digest(client_network(address))))
        return None if self._count(counter) else self._seconds_left(counter)

    def mailed_for(self, typed: str, address: str) -> int | None:
        """Count a message that somebody there wants mailed to this name or address; the seconds to wait if too many.

        It counts whether or not there is such an account.
        """
        whom, network = _digest(normalised_name(typed).lower()), _digest(client_network(address))
        counters: list[_Counter] = [
            (MAILS_IN_NETWORK, ("mails", network)),
            (MAILS_FOR_ONE_IN_NETWORK, ("mails-for", whom, network)),
            (MAILS_FOR_ONE, ("mails-for", whom)),
        ]
        return next((self._seconds_left(counter) for counter in counters if not self._count(counter)), None)

    def admit_record(self) -> bool:
        """Say whether another failure that anybody can cause may be recorded."""
        return self._count((RECORDED_FAILURES, ("records",)))

    def _admit(self, account: str, network: str, counters: list[_Counter]) -> Admission | int:
        for counter in counters:
            if not self._count(counter):
                return self._seconds_left(counter)
        return Admission(account, network, tuple(counters))

    def _give_back(self, admission: Admission) -> None:
        for item, identifiers in admission.counters:
            self._limiter.storage.incr(item.key_for(*identifiers), item.get_expiry(), amount=-1)

    def _count(self, counter: _Counter) -> bool:
        item, identifiers = counter
        return self._limiter.hit(item, *identifiers)

    def _seconds_left(self, counter: _Counter) -> int:
        item, identifiers = counter
        reset_at, _ = self._limiter.get_window_stats(item, *identifiers)
        return max(1, math.ceil(reset_at - time.time()))


def _digest(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _known_network(account: str, network: str) -> str:
    return f"known-address:{account}:{network}"
