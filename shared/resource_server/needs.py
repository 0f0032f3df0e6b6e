"""What a request needs of its token: scopes, and perhaps how surely or lately its person signed in."""

from collections.abc import Collection, Sequence

from .authentication import NeededAuthentication, needed_authentication
from .errors import InsufficientScopeError
from .introspection.response import ActiveToken
from .scopes import AnyOf, Scope, are_met

Need = Scope | NeededAuthentication
"""It stands among the scopes of a rule, of a view or of `validate`; all of them have to be met."""

_ONE_NEED = (str, AnyOf, NeededAuthentication)
"""A union that is made at each call would cost as much as a lookup."""


def is_collection(needs: object) -> bool:
    """Return whether these are needs that can be looked at again and again.

    A text is a collection of letters, and of an iterator (a generator, `map`) nothing would be needed the second time.
    """
    return hasattr(needs, "__len__") and not isinstance(needs, _ONE_NEED)


def check_needs(token: ActiveToken, needs: Collection[Need]) -> None:
    """Return if the token meets all of them.

    Raises InsufficientScopeError, or InsufficientUserAuthenticationError where the scopes are enough: nobody is asked
    to sign in again for what they may not do then either.
    """
    scopes: list[Scope] = []
    authentications: list[NeededAuthentication] = []
    for need in needs:
        if isinstance(need, NeededAuthentication):
            authentications.append(need)
        else:
            scopes.append(need)
    if not are_met(scopes, token.scopes):
        raise InsufficientScopeError(scopes, scheme=token.scheme)
    for authentication in authentications:
        authentication.check(token)


def with_authentication(
    scopes: Collection[Scope], acr: str | Sequence[str] | None, max_age: int | None
) -> tuple[Need, ...]:
    """Return the scopes, and beside them the sign-in that the arguments ask for, if they ask for any."""
    return (*scopes, needed_authentication(acr, max_age)) if acr is not None or max_age is not None else (*scopes,)
