"""The composition root: settings become stores, stores become the protocol's parts. The only place that wires."""

from dataclasses import dataclass

from auth_service.crypto.derived_keys import nonce_key, web_secret
from auth_service.crypto.key_wrapping import KeyWrapping
from auth_service.crypto.token_handle import TokenKeyRing
from auth_service.protocol.authorization.pushed_requests import PUSHED_REQUEST_LIFETIME
from auth_service.protocol.authorization_server import AuthorizationServer, ServerParts
from auth_service.protocol.clients.assertion import ClientAssertions
from auth_service.protocol.clients.authentication import ClientAuthentication
from auth_service.protocol.device.authorization import DEVICE_CODE_LIFETIME
from auth_service.protocol.features import register_features
from auth_service.protocol.openid.userinfo import userinfo_server, userinfo_validator
from auth_service.protocol.registration.dynamic import DynamicRegistration
from auth_service.protocol.tokens.dpop import DpopProofs
from auth_service.protocol.tokens.ending import GrantRevocation
from auth_service.protocol.tokens.feed_cursor import KeyWatch
from auth_service.protocol.tokens.issuance import Lifetimes, TokenIssuance
from auth_service.protocol.tokens.revocation_feed import RevocationFeed
from auth_service.protocol.tokens.signing_keys import SigningKeyRing
from auth_service.settings import Settings
from auth_service.storage.accounts import AccountStore
from auth_service.storage.authorization_requests import AuthorizationRequestStore
from auth_service.storage.browser_sessions import BrowserSessionStore
from auth_service.storage.client_origins import ClientOrigins
from auth_service.storage.clients import ClientStore
from auth_service.storage.consents import ConsentStore
from auth_service.storage.database import Database
from auth_service.storage.device_authorizations import DeviceAuthorizationStore
from auth_service.storage.ended_records import EndedRecordStore
from auth_service.storage.exchanged_tokens import ExchangedTokenStore
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore
from auth_service.storage.initial_access_tokens import InitialAccessTokenStore
from auth_service.storage.password_hashing import HasherInTurns
from auth_service.storage.redis_connection import RedisClients, connect_redis
from auth_service.storage.replay_cache import ReplayCache
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.revocation_log import RevocationLog
from auth_service.storage.revocation_tail import RevocationTail
from auth_service.storage.security_events import SecurityEventStore
from auth_service.storage.signing_keys import SigningKeyStore
from auth_service.storage.throttle import Throttle
from auth_service.workers.revocation_reconciler import RevocationReconciler
from buffering_worker.concurrency_limit import release_slot
from shared.operations.health import Writability
from shared.resource_server import TokenValidator
from shared.resource_server.dpop import DpopNonces


@dataclass(frozen=True, slots=True)
class Components:
    """Everything that one process of the service consists of. No connection is open yet."""

    settings: Settings
    database: Database
    redis: RedisClients
    accounts: AccountStore
    clients: ClientStore
    client_origins: ClientOrigins
    consents: ConsentStore
    resource_servers: ResourceServerStore
    initial_access_tokens: InitialAccessTokenStore
    records: GrantRecordStore
    grants: GrantStore
    events: SecurityEventStore
    signing_keys: SigningKeyRing
    sessions: BrowserSessionStore
    pending: AuthorizationRequestStore
    logout_requests: AuthorizationRequestStore
    throttle: Throttle
    revocation: GrantRevocation
    reconciler: RevocationReconciler
    feed: RevocationFeed
    registration: DynamicRegistration
    userinfo: TokenValidator
    server: AuthorizationServer
    writability: Writability
    web_secret: bytes


def build(settings: Settings) -> Components:
    """Wire a service."""
    database, redis = Database(settings.database_url, pgbouncer=settings.pgbouncer), connect_redis(settings.redis_url)
    keys = TokenKeyRing(settings.token_key_bytes())
    accounts, clients = AccountStore(database, HasherInTurns(release_slot)), ClientStore(database)
    resource_servers, records = (
        ResourceServerStore(database, userinfo_server(settings.issuer)),
        GrantRecordStore(database),
    )
    grants, ended = GrantStore(redis, settings.redis_shards), EndedRecordStore(database)
    ends = GrantEnds(redis, settings.redis_shards, settings.revocation_log_lifetime)
    exchanged = ExchangedTokenStore(redis, GrantKeys(settings.redis_shards), ends)
    signing_keys = SigningKeyRing(SigningKeyStore(database, KeyWrapping(settings.token_key_bytes())))
    throttle = Throttle(redis)
    authentication = ClientAuthentication(throttle, ClientAssertions(settings.issuer, ReplayCache(redis)))
    log = RevocationLog(redis, settings.redis_shards, settings.revocation_log_lifetime)
    revocation = GrantRevocation(records, ended, redis.master, ends, exchanged, accounts, clients, resource_servers)
    lifetimes = Lifetimes(settings.access_token_lifetime, settings.refresh_token_idle_lifetime)
    server = AuthorizationServer(
        ServerParts(
            issuer=settings.issuer,
            keys=keys,
            clients=clients,
            resource_servers=resource_servers,
            records=records,
            grants=grants,
            ends=ends,
            pushed_requests=AuthorizationRequestStore(redis, "pushed-request", PUSHED_REQUEST_LIFETIME),
            devices=DeviceAuthorizationStore(redis, DEVICE_CODE_LIFETIME),
            throttle=throttle,
            authentication=authentication,
            dpop=DpopProofs(ReplayCache(redis), _nonces(settings)),
            issuance=TokenIssuance(keys, grants, exchanged, clients, resource_servers, revocation, lifetimes),
            revocation=revocation,
            signing_keys=signing_keys,
            grant_lifetime=settings.grant_lifetime,
            code_lifetime=settings.code_lifetime,
            registers_clients=settings.registration != "closed",
        )
    )
    register_features(server)
    initial_access_tokens = InitialAccessTokenStore(database)
    return Components(
        settings=settings,
        database=database,
        redis=redis,
        accounts=accounts,
        clients=clients,
        client_origins=ClientOrigins(database),
        consents=ConsentStore(database, settings.consent_lifetime),
        resource_servers=resource_servers,
        initial_access_tokens=initial_access_tokens,
        records=records,
        grants=grants,
        events=SecurityEventStore(database),
        signing_keys=signing_keys,
        sessions=BrowserSessionStore(redis, settings.session_idle_lifetime, settings.session_lifetime),
        pending=AuthorizationRequestStore(redis, "authorization-request", settings.authorization_request_lifetime),
        logout_requests=AuthorizationRequestStore(redis, "logout-request", settings.authorization_request_lifetime),
        throttle=throttle,
        revocation=revocation,
        reconciler=RevocationReconciler(redis, ended, revocation, settings.reconcile_interval),
        feed=RevocationFeed(
            authentication,
            resource_servers,
            log,
            RevocationTail(redis, log.keys),
            settings.waiting_polls,
            settings.issuer,
            KeyWatch(keys.key_ids),
            release_slot,
        ),
        registration=DynamicRegistration(
            server,
            initial_access_tokens if settings.registration == "token" else None,
            settings.unused_client_lifetime,
        ),
        userinfo=userinfo_validator(server.parts),
        server=server,
        writability=Writability({"database": database.check_writing, "redis": redis.check_writing}),
        web_secret=web_secret(settings.token_key_bytes()[0]),
    )


def _nonces(settings: Settings) -> DpopNonces | None:
    return DpopNonces([nonce_key(key) for key in settings.token_key_bytes()]) if settings.dpop_nonce_required else None
