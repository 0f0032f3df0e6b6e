"""In the composition root handlers are given what they work with. Only here, and in `stores.py`, is wired."""

from dataclasses import dataclass, fields
from functools import partial

from prometheus_client import CollectorRegistry

from auth_service.crypto.derived_keys import nonce_key, web_secret
from auth_service.domain_metrics import DomainMetrics, GrantCollector, MailCollector
from auth_service.models.smtp_server import sender_address, smtp_server
from auth_service.protocol.authorization.endpoint import AuthorizationEndpoint
from auth_service.protocol.authorization.pushed_requests import PushedAuthorizationRequests
from auth_service.protocol.authorization.request import AuthorizationRequest
from auth_service.protocol.authorization_server import AuthorizationServer, MakeGrant
from auth_service.protocol.client_documents.address import Policy
from auth_service.protocol.client_documents.known_clients import DocumentClients
from auth_service.protocol.client_documents.reading import DocumentReader
from auth_service.protocol.clients.assertion import ClientAssertions
from auth_service.protocol.clients.authentication import ClientAuthentication
from auth_service.protocol.deleted_accounts import DeletedAccountsEndpoint
from auth_service.protocol.device.authorization import (
    DeviceAuthorizationEndpoint,
    DeviceDecisions,
)
from auth_service.protocol.device.device_code import DeviceCodeGrant
from auth_service.protocol.device.short_outage import ShortOutage
from auth_service.protocol.factors.passkeys import Passkeys
from auth_service.protocol.factors.second_factors import SecondFactors
from auth_service.protocol.grants.authorization_code import AuthorizationCodeGrant
from auth_service.protocol.grants.client_credentials import ClientCredentialsGrant
from auth_service.protocol.grants.code_exchange import CodeExchange
from auth_service.protocol.grants.creation import GrantCreation
from auth_service.protocol.grants.refresh_token import RefreshTokenGrant
from auth_service.protocol.grants.token_exchange import TokenExchangeGrant
from auth_service.protocol.openid.logout import LogoutEndpoint
from auth_service.protocol.openid.userinfo import userinfo_validator
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
from auth_service.storage.mail_queue import MailQueue
from auth_service.storage.revocation_tail import RevocationTail
from auth_service.stores import Stores, open_stores
from auth_service.workers.mail_connection import MailConnection
from auth_service.workers.mail_worker import MailWorker
from auth_service.workers.revocation_reconciler import RevocationReconciler
from buffering_worker.concurrency_limit import release_slot
from shared.operations.health import Writability
from shared.resource_server import TokenValidator
from shared.resource_server.dpop import DpopNonces


@dataclass(frozen=True, slots=True)
class Components(Stores):
    """One process of the service consists of its stores, and of these. No connection is open yet."""

    signing_keys: SigningKeyRing
    mail_worker: MailWorker | None
    passkeys: Passkeys
    second_factors: SecondFactors
    creation: GrantCreation
    issuance: TokenIssuance
    revocation: GrantRevocation
    reconciler: RevocationReconciler
    deletions: DeletedAccountsEndpoint
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
    issuer, stores = settings.issuer, open_stores(settings)
    keys, clients, resource_servers, throttle = stores.keys, stores.clients, stores.resource_servers, stores.throttle
    signing_keys = SigningKeyRing(stores.signing_key_store)
    revocation = GrantRevocation(
        stores.records,
        stores.ended,
        stores.redis,
        stores.grant_keys,
        stores.ends,
        stores.exchanged,
        stores.accounts,
        clients,
        resource_servers,
        stores.reuses,
        stores.password_links,
    )
    document_policy = Policy(settings.client_id_metadata_documents, on_loopback=settings.client_documents_on_loopback)
    document_clients = DocumentClients(
        document_policy,
        DocumentReader(on_loopback=settings.client_documents_on_loopback) if document_policy.takes_any else None,
        stores.document_attempts,
        clients,
        resource_servers,
        revocation,
        throttle,
        settings.unused_client_lifetime,
        settings.registered_client_retry,
        private_schemes=settings.registered_private_schemes,
    )
    assertions, dpop = ClientAssertions(issuer, stores.replays), DpopProofs(stores.replays, _nonces(settings))
    authentication = ClientAuthentication(document_clients, throttle, assertions)
    known_authentication = ClientAuthentication(clients, throttle, assertions)
    caller_authentication = ClientAuthentication(resource_servers, throttle, assertions)
    creation = GrantCreation(
        resource_servers, stores.records, stores.grants, revocation, stores.events, settings.grant_lifetime
    )
    metrics = CollectorRegistry()
    domain_metrics = DomainMetrics(metrics)
    reuse = ReuseHandling(stores.grants, revocation, stores.reuses)
    issuance = TokenIssuance(
        keys,
        stores.grants,
        stores.exchanged,
        clients,
        resource_servers,
        revocation,
        reuse,
        Lifetimes(settings.access_token_lifetime, settings.refresh_token_idle_lifetime),
        domain_metrics,
    )
    codes = CodeExchange(issuer, stores.grants, signing_keys, issuance)
    server = AuthorizationServer(
        issuer, authentication, dpop, _grant_types(stores, codes, issuance, reuse), domain_metrics
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
        stores.consents,
        keys,
        stores.grants,
    )
    introspection = Introspection(
        issuer, caller_authentication, known_authentication, keys, stores.grants, signing_keys
    )
    return Components(
        **{store.name: getattr(stores, store.name) for store in fields(stores)},
        signing_keys=signing_keys,
        mail_worker=_mail_worker(settings, stores.mail),
        passkeys=Passkeys(issuer, stores.accounts, stores.passkey_store, stores.passkey_challenges),
        second_factors=SecondFactors(stores.second_factor_store),
        creation=creation,
        issuance=issuance,
        revocation=revocation,
        reconciler=RevocationReconciler(
            stores.redis,
            stores.ended,
            revocation,
            stores.deleted_accounts,
            settings.redis_shards,
            settings.reconcile_interval,
        ),
        deletions=DeletedAccountsEndpoint(caller_authentication, stores.deleted_accounts),
        server=server,
        authorization=authorization,
        pushed_requests=PushedAuthorizationRequests(authentication, authorization, throttle, dpop, stores.pushed),
        device_authorization=DeviceAuthorizationEndpoint(
            issuer, authentication, resource_servers, throttle, keys, stores.devices
        ),
        device_decisions=DeviceDecisions(stores.devices, creation),
        introspection=introspection,
        token_revocation=TokenRevocation(known_authentication, keys, stores.records, stores.ends, revocation, issuance),
        feed=RevocationFeedEndpoint(
            issuer,
            caller_authentication,
            stores.revocation_log,
            RevocationTail(stores.redis, stores.revocation_log.keys),
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
            stores.initial_access_tokens if settings.registration == "token" else None,
            settings.unused_client_lifetime,
            settings.registered_client_retry,
            private_schemes=settings.registered_private_schemes,
        ),
        userinfo=userinfo_validator(issuer, introspection, dpop),
        logout=LogoutEndpoint(issuer, clients, signing_keys),
        metrics=metrics,
        domain_metrics=domain_metrics,
        grant_metrics=GrantCollector(stores.records),
        mail_metrics=MailCollector(stores.mail),
        document_policy=document_policy,
        document_clients=document_clients,
        writability=Writability({"database": stores.database.check_writing, "redis": stores.redis.check_writing}),
        web_secret=web_secret(settings.token_key_bytes()[0]),
    )


def _grant_types(
    stores: Stores, codes: CodeExchange, issuance: TokenIssuance, reuse: ReuseHandling
) -> dict[str, MakeGrant]:
    """Return what answers each `grant_type` at `/token`."""
    keys, records, servers = stores.keys, stores.records, stores.resource_servers
    return {
        AuthorizationCodeGrant.GRANT_TYPE: partial(
            AuthorizationCodeGrant,
            keys=keys,
            grants=stores.grants,
            records=records,
            resource_servers=servers,
            codes=codes,
        ),
        RefreshTokenGrant.GRANT_TYPE: partial(
            RefreshTokenGrant, keys=keys, records=records, resource_servers=servers, issuance=issuance, reuse=reuse
        ),
        ClientCredentialsGrant.GRANT_TYPE: partial(
            ClientCredentialsGrant, clients=stores.clients, resource_servers=servers, issuance=issuance
        ),
        DeviceCodeGrant.GRANT_TYPE: partial(
            DeviceCodeGrant,
            keys=keys,
            devices=stores.devices,
            records=records,
            resource_servers=servers,
            codes=codes,
            outage=ShortOutage(),
        ),
        TokenExchangeGrant.GRANT_TYPE: partial(
            TokenExchangeGrant,
            keys=keys,
            grants=stores.grants,
            records=records,
            resource_servers=servers,
            issuance=issuance,
        ),
    }


def _nonces(settings: Settings) -> DpopNonces | None:
    return DpopNonces([nonce_key(key) for key in settings.token_key_bytes()]) if settings.dpop_nonce_required else None


def _mail_worker(settings: Settings, mail: MailQueue) -> MailWorker | None:
    if settings.smtp_url is None or settings.mail_sender is None:
        return None
    connect = partial(MailConnection, smtp_server(settings.smtp_url), settings.host_names[0])
    return MailWorker(mail, connect, settings.issuer, sender_address(settings.mail_sender))
