"""What a client is, as options of the commands `client create` and `client ensure`."""

import functools
from collections.abc import Callable

import click

from auth_service.models.client import DEFAULT_ID_TOKEN_ALGORITHM, PkcePolicy, RetryPolicy
from auth_service.protocol.registration.rules import GRANT_TYPES
from auth_service.protocol.tokens.signing_keys import ALGORITHMS


def _renamed(_context: click.Context, _option: click.Parameter, value: object) -> None:
    if value is not None:
        raise click.UsageError("--grace-period is --retry until-used by now: a repetition depends on no time of yours.")


def client_options(function: Callable[..., object]) -> Callable[..., object]:
    """The options that say what a client is."""
    options = (
        click.option("--home-page", "client_uri", help="The address of its home page, which people are shown."),
        click.option("--publisher", help="Who is behind it, on your word: people are shown this name."),
        click.option("--redirect-uri", "redirect_uris", multiple=True, help="May be given several times."),
        click.option(
            "--post-logout-redirect-uri",
            "post_logout_redirect_uris",
            multiple=True,
            help="Where people may return after signing out here.",
        ),
        click.option(
            "--origin", "origins", multiple=True, help="Whence its scripts read our answers: scheme://host[:port]."
        ),
        click.option(
            "--grant-type",
            "grant_types",
            multiple=True,
            type=click.Choice(GRANT_TYPES),
            help="May be given several times. Default: authorization_code and refresh_token.",
        ),
        click.option("--scope", "scopes", multiple=True, help="The most it may ask for; may be given several times."),
        click.option(
            "--exchange-from",
            "exchange_from",
            multiple=True,
            help="The resource of the service that it is: it may exchange the tokens that are meant for that.",
        ),
        click.option("--access-token-lifetime", type=click.IntRange(1, 86_400), help="Seconds."),
        click.option(
            "--retry",
            type=click.Choice([policy.value for policy in RetryPolicy]),
            help="Whether a refresh token may come again because its answer was lost. Default: strict.",
        ),
        click.option(
            "--pkce",
            type=click.Choice([policy.value for policy in PkcePolicy]),
            help="Optional: a confidential one may sign people in with a nonce instead. Default: required.",
        ),
        click.option("--grace-period", hidden=True, expose_value=False, callback=_renamed),
        click.option(
            "--dpop-bound-access-tokens",
            is_flag=True,
            help="Refuse it tokens unless it sends a DPoP proof.",
        ),
        click.option(
            "--require-pushed-authorization-requests",
            is_flag=True,
            help="Refuse its authorization requests unless they were pushed.",
        ),
        click.option(
            "--id-token-signed-response-alg",
            type=click.Choice(ALGORITHMS),
            default=DEFAULT_ID_TOKEN_ALGORITHM,
            help="With which its ID tokens are signed. RS256 is understood by every client, ES256 is shorter.",
        ),
    )
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), function)
