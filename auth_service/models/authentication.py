"""How somebody proved who they are, in the words of RFC 8176, and which class that is (`acr`)."""

from collections.abc import Collection
from dataclasses import dataclass

PASSWORD = ("pwd",)
PASSWORD_AND_CODE = ("pwd", "otp", "mfa")
PASSWORD_AND_RECOVERY_CODE = ("pwd", "mfa")
DEVICE_BOUND_PASSKEY = ("hwk", "user", "mfa")
SYNCED_PASSKEY = ("swk", "user", "mfa")
"""What is known of the key is what the authenticator says of it: nobody attests to that."""

MULTI_FACTOR = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
"""More than one factor, which OpenID's Provider Authentication Policy Extension 1.0 §4 defines."""
PHISHING_RESISTANT = "phr"
"""A page of somebody else could not use what was proven (OpenID Connect Extended Authentication Profile ACR Values)."""
ACR_VALUES = (PHISHING_RESISTANT, MULTI_FACTOR)


@dataclass(frozen=True, slots=True)
class Authentication:
    """Somebody proved who they are."""

    at: float
    """They last did then, in epoch seconds."""
    methods: tuple[str, ...] = PASSWORD
    """They did by these (RFC 8176 §2)."""

    @property
    def is_plain_password(self) -> bool:
        """It says whether a password was all."""
        return self.methods == PASSWORD

    def meets(self, acr_values: Collection[str]) -> bool:
        """Say whether it is of one of these classes; anything is, where none is named."""
        return not acr_values or not classes(self.methods).isdisjoint(acr_values)


def classes(methods: Collection[str]) -> frozenset[str]:
    """Return the classes that such methods are of. A passkey that verified its user has two factors."""
    if "hwk" in methods or "swk" in methods:
        return frozenset(ACR_VALUES)
    return frozenset({MULTI_FACTOR}) if "mfa" in methods else frozenset()


def class_told(methods: Collection[str], acr_values: Collection[str]) -> str | None:
    """Return what a client is told: of the classes it asked for the first that is met, else the strongest."""
    met = classes(methods)
    return next((each for each in (*acr_values, *ACR_VALUES) if each in met), None)
