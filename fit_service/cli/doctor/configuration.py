"""Settings that each may be right, and together are probably not."""

from collections.abc import Iterator

from fit_service.settings import Settings
from shared.operations.doctor import Finding


def setting_findings(settings: Settings) -> Iterator[Finding]:
    """What a start doesn't refuse."""
    is_secure = settings.resource.startswith("https://")
    if is_secure and settings.trusted_proxies == 0:
        yield Finding(
            "FIT_RESOURCE is https, so a proxy is in front, and FIT_TRUSTED_PROXIES is 0: everybody has its address",
            "Set FIT_TRUSTED_PROXIES to the number of proxies that add to X-Forwarded-For",
        )
    if is_secure and settings.webhook_allow_private:
        yield Finding(
            "FIT_WEBHOOK_ALLOW_PRIVATE lets apps make the worker connect to private addresses",
            "That is for trying out: unset it",
        )
