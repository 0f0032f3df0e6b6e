"""Passwords are accepted (ASVS 5.0 V6.2) that are long enough and hard to guess, of any characters, in any mixture."""

MIN_LENGTH = 8
MAX_LENGTH = 1024
_CONTEXT = ("moogle", "fit", "weight", "password")
_ESTIMATED_LENGTH = 72
"""zxcvbn's work grows with the length; nothing longer than this is easy to guess."""


def password_problem(password: str, username: str) -> str | None:
    """Tell the person who chose a password what speaks against it; None if nothing does."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists take 12 MB in every worker, and few passwords are chosen

    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters; 15 or more are better."
    if zxcvbn(password[:_ESTIMATED_LENGTH], user_inputs=[username, *_CONTEXT])["score"] < 2:
        return "This password is among the first that a guesser would try. Choose a longer or less common one."
    return None
