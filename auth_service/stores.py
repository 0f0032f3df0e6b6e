"""The stores of one process, made of its settings: what `components.py` gives to those that work with them."""

from dataclasses import dataclass

from auth_service.crypto.derived_keys import mail_key, wrapping_key
from auth_service.crypto.token_handle import TokenKeyRing
from auth_service.protocol.authorization.pushed_requests import PUSHED_REQUEST_LIFETIME
from auth_service.protocol.device.authorization import DEVICE_CODE_LIFETIME
from auth_service.protocol.factors.passkeys import CHALLENGE_LIFETIME
from auth_service.protocol.openid.userinfo import userinfo_server
from auth_service.settings import Settings
from auth_service.storage.account_sessions import AccountSessions
from auth_service.storage.accounts import AccountStore
from auth_service.storage.authorization_requests import AuthorizationRequestStore
from auth_service.storage.begun_sign_ins import BegunSignInStore
from auth_service.storage.browser_sessions import BrowserSessionStore
from auth_service.storage.client_origins import ClientOrigins
from auth_service.storage.clients import ClientStore
from auth_service.storage.connected_apps import ConnectedAppStore
from auth_service.storage.consents import ConsentStore
from auth_service.storage.database import Database
from auth_service.storage.deleted_accounts import DeletedAccountStore
from auth_service.storage.device_authorizations import DeviceAuthorizationStore
from auth_service.storage.document_attempts import DocumentAttempts
from auth_service.storage.email_changes import EmailChanges
from auth_service.storage.ended_records import EndedRecordStore
from auth_service.storage.exchanged_tokens import ExchangedTokenStore
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore
from auth_service.storage.initial_access_tokens import InitialAccessTokenStore
from auth_service.storage.mail_queue import MailQueue
from auth_service.storage.notices import Notices
from auth_service.storage.passkey_challenges import PasskeyChallengeStore
from auth_service.storage.passkeys import PasskeyStore
from auth_service.storage.password_hashing import HasherInTurns
from auth_service.storage.password_links import PasswordLinks
from auth_service.storage.personal_data import PersonalDataStore
from auth_service.storage.redis_connection import RedisClients, connect_redis
from auth_service.storage.repeated_answers import RepeatedAnswers
from auth_service.storage.replay_cache import ReplayCache
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.revocation_log import RevocationLog
from auth_service.storage.second_factors import SecondFactorStore
from auth_service.storage.security_events import SecurityEventStore
from auth_service.storage.signing_keys import SigningKeyStore
from auth_service.storage.throttle import Throttle
from auth_service.storage.token_reuses import TokenReuseStore
from buffering_worker.concurrency_limit import release_slot
from shared.operations.tracing import wants_traces
from shared.service.key_wrapping import KeyWrapping


@dataclass(frozen=True, slots=True)
class Stores:
    """No connection is open yet."""

    settings: Settings
    database: Database
    redis: RedisClients
    keys: TokenKeyRing
    grant_keys: GrantKeys
    accounts: AccountStore
    clients: ClientStore
    client_origins: ClientOrigins
    consents: ConsentStore
    resource_servers: ResourceServerStore
    initial_access_tokens: InitialAccessTokenStore
    records: GrantRecordStore
    ended: EndedRecordStore
    grants: GrantStore
    ends: GrantEnds
    exchanged: ExchangedTokenStore
    revocation_log: RevocationLog
    devices: DeviceAuthorizationStore
    connected_apps: ConnectedAppStore
    events: SecurityEventStore
    reuses: TokenReuseStore
    mail: MailQueue
    password_links: PasswordLinks
    email_changes: EmailChanges
    signing_key_store: SigningKeyStore
    sessions: BrowserSessionStore
    account_sessions: AccountSessions
    pending: AuthorizationRequestStore
    pushed: AuthorizationRequestStore
    logout_requests: AuthorizationRequestStore
    repeated_answers: RepeatedAnswers
    passkey_store: PasskeyStore
    passkey_challenges: PasskeyChallengeStore
    second_factor_store: SecondFactorStore
    begun_sign_ins: BegunSignInStore
    document_attempts: DocumentAttempts
    throttle: Throttle
    replays: ReplayCache
    deleted_accounts: DeletedAccountStore
    personal_data: PersonalDataStore


def open_stores(settings: Settings) -> Stores:
    """Return all of them. SQL and Redis are not asked for anything."""
    database = Database(settings.database_url, pgbouncer=settings.pgbouncer)
    redis = _redis(settings)
    shards, compact = settings.redis_shards, settings.compact_grants
    grant_keys = GrantKeys(shards)
    mail_sealing = KeyWrapping([mail_key(key) for key in settings.token_key_bytes()])
    wrapping = KeyWrapping([wrapping_key(key) for key in settings.token_key_bytes()])
    mail = MailQueue(database, mail_sealing, is_sent=settings.smtp_url is not None)
    notices, hasher = Notices(mail), HasherInTurns(release_slot)
    grants = GrantStore(redis, shards, compact=compact)
    ends = GrantEnds(redis, shards, settings.revocation_log_lifetime, compact=compact)
    sessions = BrowserSessionStore(
        redis, settings.session_idle_lifetime, settings.session_lifetime, settings.remembered_session_lifetime
    )
    return Stores(
        settings=settings,
        database=database,
        redis=redis,
        keys=TokenKeyRing(settings.token_key_bytes()),
        grant_keys=grant_keys,
        accounts=AccountStore(database, hasher, notices),
        clients=ClientStore(database),
        client_origins=ClientOrigins(database),
        consents=ConsentStore(database, settings.consent_lifetime),
        resource_servers=ResourceServerStore(database, userinfo_server(settings.issuer)),
        initial_access_tokens=InitialAccessTokenStore(database),
        records=GrantRecordStore(database),
        ended=EndedRecordStore(database),
        grants=grants,
        ends=ends,
        exchanged=ExchangedTokenStore(redis, grant_keys, ends),
        revocation_log=RevocationLog(redis, shards, settings.revocation_log_lifetime),
        devices=DeviceAuthorizationStore(redis, DEVICE_CODE_LIFETIME),
        connected_apps=ConnectedAppStore(database, grants),
        events=SecurityEventStore(database),
        reuses=TokenReuseStore(database, notices),
        mail=mail,
        password_links=PasswordLinks(database, hasher, mail, notices),
        email_changes=EmailChanges(database, mail, notices),
        signing_key_store=SigningKeyStore(database, wrapping),
        sessions=sessions,
        account_sessions=AccountSessions(redis, sessions),
        pending=AuthorizationRequestStore(redis, "authorization-request", settings.authorization_request_lifetime),
        pushed=AuthorizationRequestStore(redis, "pushed-request", PUSHED_REQUEST_LIFETIME),
        logout_requests=AuthorizationRequestStore(redis, "logout-request", settings.authorization_request_lifetime),
        repeated_answers=RepeatedAnswers(redis),
        passkey_store=PasskeyStore(database, notices),
        passkey_challenges=PasskeyChallengeStore(redis, CHALLENGE_LIFETIME),
        second_factor_store=SecondFactorStore(database, wrapping, notices),
        begun_sign_ins=BegunSignInStore(redis),
        document_attempts=DocumentAttempts(redis),
        throttle=Throttle(redis),
        replays=ReplayCache(redis),
        deleted_accounts=DeletedAccountStore(database, settings.account_deletion_grace),
        personal_data=PersonalDataStore(database),
    )


def _redis(settings: Settings) -> RedisClients:
    redis = connect_redis(settings.redis_url, settings.redis_shards)
    if not wants_traces():
        return redis
    from auth_service.storage.traced_exchange import traced  # noqa: PLC0415 - only then OpenTelemetry is imported

    return traced(redis)
