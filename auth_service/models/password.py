"""Passwords are accepted (ASVS 5.0 V6.2) that are long enough and hard to guess, of any characters, in any mixture."""

import re
import unicodedata
from typing import Any

from auth_service.models.language import gettext_noop

MIN_LENGTH = 8
MAX_LENGTH = 1024
_CONTEXT = ("moogle", "fit", "weight", "password")
_ESTIMATED_LENGTH = 72
"""zxcvbn's work grows with the length; nothing longer than this is easy to guess."""
_LEAST_SCORE = 2
"""zxcvbn's: more than a million guesses."""
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_LONGEST_AROUND = 6
"""So many digits and signs around a word are a year, a number, an exclamation mark."""
_LONGEST_WORD = 24
"""What is longer than this is no word, nor two."""

_ANOTHER = gettext_noop("Choose another one.")
WARNINGS = (
    gettext_noop("A word by itself is easy to guess."),
    gettext_noop("Common names and surnames are easy to guess."),
    gettext_noop("Dates are often easy to guess."),
    gettext_noop("Names and surnames by themselves are easy to guess."),
    gettext_noop("Recent years are easy to guess."),
    gettext_noop('Repeats like "aaa" are easy to guess.'),
    gettext_noop('Repeats like "abcabcabc" are only slightly harder to guess than "abc".'),
    gettext_noop('Sequences like "abc" or "6543" are easy to guess.'),
    gettext_noop("Short keyboard patterns are easy to guess."),
    gettext_noop("Straight rows of keys are easy to guess."),
    gettext_noop("This is a top-10 common password."),
    gettext_noop("This is a top-100 common password."),
    gettext_noop("This is a very common password."),
    gettext_noop("This is similar to a commonly used password."),
)
"""So zxcvbn says why."""


def normalised_password(password: str) -> str:
    """Return it as it is hashed: keyboards and systems differ in how they compose an é (NIST SP 800-63B §3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


def password_problem(password: str, username: str) -> tuple[str, ...] | None:
    """Tell the person who chose a password what speaks against it, in sentences of English; None if nothing does."""
    password = normalised_password(password)
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return (gettext_noop("A password has 8 to 1024 characters; 15 or more are better."),)
    own = [username, *re.split(r"[\W_]+", username), *_CONTEXT]
    estimate = _estimate(password, own)
    if estimate["score"] < _LEAST_SCORE:
        return (
            gettext_noop("This password is among the first that a guesser would try."),
            str(estimate["feedback"]["warning"]) or gettext_noop("It is easy to guess."),
            gettext_noop("Choose a longer or less common one."),
        )
    core = _AROUND.sub("", password)
    if not 0 < len(core) <= _LONGEST_WORD or not 0 < len(password) - len(core) <= _LONGEST_AROUND:
        return None
    within = _estimate(re.sub(r"[\W_]+", "", core), own)
    if within["score"] >= _LEAST_SCORE or any(match["pattern"] == "bruteforce" for match in within["sequence"]):
        return None
    if any(match.get("dictionary_name") == "user_inputs" for match in within["sequence"]):
        return (gettext_noop("This password is little more than your name or ours with something around it."), _ANOTHER)
    return (
        gettext_noop("This password is a common word with digits or signs around it, which guessers try."),
        _ANOTHER,
    )


def _estimate(password: str, own: list[str]) -> dict[str, Any]:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists take 12 MB in every worker, and few passwords are chosen

    estimate: dict[str, Any] = zxcvbn(password[:_ESTIMATED_LENGTH], user_inputs=own)
    return estimate
