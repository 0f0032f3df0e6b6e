"""In the composition root settings become stores, and handlers are given what they work with. Only here is wired."""

from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from auth_service.crypto.derived_keys import mail_key, nonce_key, web_secret, wrapping_key
from auth_service.crypto.token_handle import TokenKeyRing
from auth_service.domain_metrics import DomainMetrics, GrantCollector, MailCollector
from auth_service.models.smtp_server import sender_address, smtp_server
from auth_service.protocol.authorization.endpoint import AuthorizationEndpoint
from auth_service.protocol.authorization.pushed_requests import PUSHED_REQUEST_LIFETIME, PushedAuthorizationRequests
from auth_service.protocol.authorization.request import AuthorizationRequest
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.client_documents.address import Policy
from auth_service.protocol.client_documents.known_clients import DocumentClients
from auth_service.protocol.client_documents.reading import DocumentReader
from auth_service.protocol.clients.assertion import ClientAssertions
from auth_service.protocol.clients.authentication import ClientAuthentication
from auth_service.protocol.deleted_accounts import DeletedAccountsEndpoint
from auth_service.protocol.device.authorization import (
    DEVICE_CODE_LIFETIME,
    DeviceAuthorizationEndpoint,
    DeviceDecisions,
)
from auth_service.protocol.device.device_code import DeviceCodeGrant
from auth_service.protocol.device.short_outage import ShortOutage
from auth_service.protocol.factors.passkeys import CHALLENGE_LIFETIME, Passkeys
from auth_service.protocol.factors.second_factors import SecondFactors
from auth_service.protocol.grants.authorization_code import AuthorizationCodeGrant
from auth_service.protocol.grants.client_credentials import ClientCredentialsGrant
from auth_service.protocol.grants.code_exchange import CodeExchange
from auth_service.protocol.grants.creation import GrantCreation
from auth_service.protocol.grants.refresh_token import RefreshTokenGrant
from auth_service.protocol.grants.token_exchange import TokenExchangeGrant
from auth_service.protocol.openid.logout import LogoutEndpoint
from auth_service.protocol.openid.userinfo import userinfo_server, userinfo_validator
from auth_service.protocol.registration.dynamic import DynamicRegistration
from auth_service.protocol.tokens.dpop import DpopProofs
from auth_service.protocol.tokens.feed_cursor import KeyWatch
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.protocol.tokens.introspection import Introspection
from auth_service.protocol.tokens.issuance import Lifetimes, TokenIssuance
from auth_service.protocol.tokens.reuse import ReuseHandling
from auth_service.protocol.tokens.revocation_feed import RevocationFeedEndpoint
from auth_service.protocol.tokens.signing_keys import SigningKeyRing
from auth_service.protocol.tokens.token_revocation import TokenRevocation
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
from auth_service.storage.revocation_tail import RevocationTail
from auth_service.storage.second_factors import SecondFactorStore
from auth_service.storage.security_events import SecurityEventStore
from auth_service.storage.signing_keys import SigningKeyStore
from auth_service.storage.throttle import Throttle
from auth_service.storage.token_reuses import TokenReuseStore
from auth_service.workers.mail_connection import MailConnection
from auth_service.workers.mail_worker import MailWorker
from auth_service.workers.revocation_reconciler import RevocationReconciler
from buffering_worker.concurrency_limit import release_slot
from shared.operations.health import Writability
from shared.operations.tracing import wants_traces
from shared.resource_server import TokenValidator
from shared.resource_server.dpop import DpopNonces
from shared.service.key_wrapping import KeyWrapping


@dataclass(frozen=True, slots=True)
class Components:
    """One process of the service consists of these. No connection is open yet."""

    settings: Settings
    database: Database
    redis: RedisClients
    keys: TokenKeyRing
    accounts: AccountStore
    clients: ClientStore
    client_origins: ClientOrigins
    consents: ConsentStore
    resource_servers: ResourceServerStore
    initial_access_tokens: InitialAccessTokenStore
    records: GrantRecordStore
    grants: GrantStore
    ends: GrantEnds
    devices: DeviceAuthorizationStore
    connected_apps: ConnectedAppStore
    events: SecurityEventStore
    reuses: TokenReuseStore
    mail: MailQueue
    mail_worker: MailWorker | None
    password_links: PasswordLinks
    email_changes: EmailChanges
    signing_keys: SigningKeyRing
    sessions: BrowserSessionStore
    account_sessions: AccountSessions
    pending: AuthorizationRequestStore
    pushed: AuthorizationRequestStore
    logout_requests: AuthorizationRequestStore
    repeated_answers: RepeatedAnswers
    passkeys: Passkeys
    passkey_store: PasskeyStore
    second_factors: SecondFactors
    second_factor_store: SecondFactorStore
    begun_sign_ins: BegunSignInStore
    throttle: Throttle
    creation: GrantCreation
    issuance: TokenIssuance
    revocation: GrantRevocation
    reconciler: RevocationReconciler
    deleted_accounts: DeletedAccountStore
    deletions: DeletedAccountsEndpoint
    personal_data: PersonalDataStore
    server: AuthorizationServer
    authorization: AuthorizationEndpoint
    pushed_requests: PushedAuthorizationRequests
    device_authorization: DeviceAuthorizationEndpoint
    device_decisions: DeviceDecisions
    introspection: Introspection
    token_revocation: TokenRevocation
    feed: RevocationFeedEndpoint
    registration: DynamicRegistration
    userinfo: TokenValidator
    logout: LogoutEndpoint
    metrics: CollectorRegistry
    domain_metrics: DomainMetrics
    grant_metrics: GrantCollector
    mail_metrics: MailCollector
    document_policy: Policy
    document_clients: DocumentClients
    writability: Writability
    web_secret: bytes


def build(settings: Settings) -> Components:
    """Wire a service."""
    issuer = settings.issuer
    database = Database(settings.database_url, pgbouncer=settings.pgbouncer)
    redis, grant_keys = connect_redis(settings.redis_url, settings.redis_shards), GrantKeys(settings.redis_shards)
    if wants_traces():
        from auth_service.storage.traced_exchange import traced  # noqa: PLC0415 - only then OpenTelemetry is imported

        redis = traced(redis)
    keys = TokenKeyRing(settings.token_key_bytes())
    mail_sealing = KeyWrapping([mail_key(key) for key in settings.token_key_bytes()])
    mail = MailQueue(database, mail_sealing, is_sent=settings.smtp_url is not None)
    notices, hasher = Notices(mail), HasherInTurns(release_slot)
    accounts, clients = AccountStore(database, hasher, notices), ClientStore(database)
    password_links = PasswordLinks(database, hasher, mail, notices)
    resource_servers = ResourceServerStore(database, userinfo_server(issuer))
    events, reuses = SecurityEventStore(database), TokenReuseStore(database, notices)
    deleted_accounts = DeletedAccountStore(database, settings.account_deletion_grace)
    records, ended = GrantRecordStore(database), EndedRecordStore(database)
    grants = GrantStore(redis, settings.redis_shards, compact=settings.compact_grants)
    log_lifetime = settings.revocation_log_lifetime
    ends = GrantEnds(redis, settings.redis_shards, log_lifetime, compact=settings.compact_grants)
    exchanged = ExchangedTokenStore(redis, grant_keys, ends)
    consents = ConsentStore(database, settings.consent_lifetime)
    initial_access_tokens = InitialAccessTokenStore(database)
    devices = DeviceAuthorizationStore(redis, DEVICE_CODE_LIFETIME)
    pushed = AuthorizationRequestStore(redis, "pushed-request", PUSHED_REQUEST_LIFETIME)
    wrapping = KeyWrapping([wrapping_key(key) for key in settings.token_key_bytes()])
    signing_keys = SigningKeyRing(SigningKeyStore(database, wrapping))
    sessions = BrowserSessionStore(
        redis, settings.session_idle_lifetime, settings.session_lifetime, settings.remembered_session_lifetime
    )
    passkey_store = PasskeyStore(database, notices)
    second_factor_store = SecondFactorStore(database, wrapping, notices)
    throttle, replays = Throttle(redis), ReplayCache(redis)
    assertions, dpop = ClientAssertions(issuer, replays), DpopProofs(replays, _nonces(settings))
    caller_authentication = ClientAuthentication(resource_servers, throttle, assertions)
    revocation = GrantRevocation(
        records,
        ended,
        redis,
        grant_keys,
        ends,
        exchanged,
        accounts,
        clients,
        resource_servers,
        reuses,
        password_links,
    )
    document_policy = Policy(settings.client_id_metadata_documents, on_loopback=settings.client_documents_on_loopback)
    document_clients = DocumentClients(
        document_policy,
        DocumentReader(on_loopback=settings.client_documents_on_loopback) if document_policy.takes_any else None,
        DocumentAttempts(redis),
        clients,
        resource_servers,
        revocation,
        throttle,
        settings.unused_client_lifetime,
        settings.registered_client_retry,
        private_schemes=settings.registered_private_schemes,
    )
    authentication = ClientAuthentication(document_clients, throttle, assertions)
    known_authentication = ClientAuthentication(clients, throttle, assertions)
    creation = GrantCreation(resource_servers, records, grants, revocation, events, settings.grant_lifetime)
    lifetimes = Lifetimes(settings.access_token_lifetime, settings.refresh_token_idle_lifetime)
    metrics = CollectorRegistry()
    domain_metrics = DomainMetrics(metrics)
    reuse = ReuseHandling(grants, revocation, reuses)
    issuance = TokenIssuance(
        keys, grants, exchanged, clients, resource_servers, revocation, reuse, lifetimes, domain_metrics
    )
    codes = CodeExchange(issuer, grants, signing_keys, issuance)
    server = AuthorizationServer(
        issuer,
        authentication,
        dpop,
        {
            AuthorizationCodeGrant.GRANT_TYPE: partial(
                AuthorizationCodeGrant,
                keys=keys,
                grants=grants,
                records=records,
                resource_servers=resource_servers,
                codes=codes,
            ),
            RefreshTokenGrant.GRANT_TYPE: partial(
                RefreshTokenGrant,
                keys=keys,
                records=records,
                resource_servers=resource_servers,
                issuance=issuance,
                reuse=reuse,
            ),
            ClientCredentialsGrant.GRANT_TYPE: partial(
                ClientCredentialsGrant, clients=clients, resource_servers=resource_servers, issuance=issuance
            ),
            DeviceCodeGrant.GRANT_TYPE: partial(
                DeviceCodeGrant,
                keys=keys,
                devices=devices,
                records=records,
                resource_servers=resource_servers,
                codes=codes,
                outage=ShortOutage(),
            ),
            TokenExchangeGrant.GRANT_TYPE: partial(
                TokenExchangeGrant,
                keys=keys,
                grants=grants,
                records=records,
                resource_servers=resource_servers,
                issuance=issuance,
            ),
        },
        domain_metrics,
    )
    authorization = AuthorizationEndpoint(
        server,
        partial(
            AuthorizationRequest,
            find_client=document_clients.remembered,
            resource_servers=resource_servers,
            signing_keys=signing_keys,
            keys=keys,
            creation=creation,
            code_lifetime=settings.code_lifetime,
        ),
        consents,
        keys,
        grants,
    )
    introspection = Introspection(issuer, caller_authentication, known_authentication, keys, grants, signing_keys)
    log = RevocationLog(redis, settings.redis_shards, settings.revocation_log_lifetime)
    return Components(
        settings=settings,
        database=database,
        redis=redis,
        keys=keys,
        accounts=accounts,
        clients=clients,
        client_origins=ClientOrigins(database),
        consents=consents,
        resource_servers=resource_servers,
        initial_access_tokens=initial_access_tokens,
        records=records,
        grants=grants,
        ends=ends,
        devices=devices,
        connected_apps=ConnectedAppStore(database, grants),
        events=events,
        reuses=reuses,
        mail=mail,
        mail_worker=_mail_worker(settings, mail),
        password_links=password_links,
        email_changes=EmailChanges(database, mail, notices),
        signing_keys=signing_keys,
        sessions=sessions,
        account_sessions=AccountSessions(redis, sessions),
        pending=AuthorizationRequestStore(redis, "authorization-request", settings.authorization_request_lifetime),
        pushed=pushed,
        logout_requests=AuthorizationRequestStore(redis, "logout-request", settings.authorization_request_lifetime),
        repeated_answers=RepeatedAnswers(redis),
        passkeys=Passkeys(issuer, accounts, passkey_store, PasskeyChallengeStore(redis, CHALLENGE_LIFETIME)),
        passkey_store=passkey_store,
        second_factors=SecondFactors(second_factor_store),
        second_factor_store=second_factor_store,
        begun_sign_ins=BegunSignInStore(redis),
        throttle=throttle,
        creation=creation,
        issuance=issuance,
        revocation=revocation,
        reconciler=RevocationReconciler(
            redis, ended, revocation, deleted_accounts, settings.redis_shards, settings.reconcile_interval
        ),
        deleted_accounts=deleted_accounts,
        personal_data=PersonalDataStore(database),
        deletions=DeletedAccountsEndpoint(caller_authentication, deleted_accounts),
        server=server,
        authorization=authorization,
        pushed_requests=PushedAuthorizationRequests(authentication, authorization, throttle, dpop, pushed),
        device_authorization=DeviceAuthorizationEndpoint(
            issuer, authentication, resource_servers, throttle, keys, devices
        ),
        device_decisions=DeviceDecisions(devices, creation),
        introspection=introspection,
        token_revocation=TokenRevocation(known_authentication, keys, records, ends, revocation, issuance),
        feed=RevocationFeedEndpoint(
            issuer,
            caller_authentication,
            log,
            RevocationTail(redis, log.keys),
            KeyWatch(keys.key_ids),
            settings.waiting_polls,
            release_slot,
        ),
        registration=DynamicRegistration(
            issuer,
            clients,
            resource_servers,
            revocation,
            throttle,
            initial_access_tokens if settings.registration == "token" else None,
            settings.unused_client_lifetime,
            settings.registered_client_retry,
            private_schemes=settings.registered_private_schemes,
        ),
        userinfo=userinfo_validator(issuer, introspection, dpop),
        logout=LogoutEndpoint(issuer, clients, signing_keys),
        metrics=metrics,
        domain_metrics=domain_metrics,
        grant_metrics=GrantCollector(records),
        mail_metrics=MailCollector(mail),
        document_policy=document_policy,
        document_clients=document_clients,
        writability=Writability({"database": database.check_writing, "redis": redis.check_writing}),
        web_secret=web_secret(settings.token_key_bytes()[0]),
    )


def _nonces(settings: Settings) -> DpopNonces | None:
    return DpopNonces([nonce_key(key) for key in settings.token_key_bytes()]) if settings.dpop_nonce_required else None


def _mail_worker(settings: Settings, mail: MailQueue) -> MailWorker | None:
    if settings.smtp_url is None or settings.mail_sender is None:
        return None
    connect = partial(MailConnection, smtp_server(settings.smtp_url), settings.host_names[0])
    return MailWorker(mail, connect, settings.issuer, sender_address(settings.mail_sender))
