"""Settings that each may be right, and together are probably not."""

from collections.abc import Iterator

from auth_service.settings import Settings
from shared.operations.doctor import Finding


def setting_findings(settings: Settings) -> Iterator[Finding]:
    """What a start doesn't refuse."""
    if settings.secure and settings.trusted_proxies == 0:
        yield Finding(
            "AUTH_ISSUER is https, so a proxy is in front, but AUTH_TRUSTED_PROXIES is 0: all share one throttle",
            "Set AUTH_TRUSTED_PROXIES to the number of proxies that add to X-Forwarded-For",
        )
    if settings.secure and settings.client_documents_on_loopback:
        yield Finding(
            "AUTH_CLIENT_DOCUMENTS_ON_LOOPBACK on a service with https: documents can lead to this machine",
            "That is for trying out: take it away",
        )
    if not settings.secure and settings.registration == "open":
        yield Finding(
            "AUTH_REGISTRATION is open on a service without https",
            "That is for trying out: set AUTH_REGISTRATION=token, or an https issuer",
        )
