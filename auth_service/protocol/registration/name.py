"""A client may have a name that people can read, and that pretends nothing.

The first rule is for every client. The second is for those that register themselves, whose name is the one thing that a
person sees of them: it must not look like the name of a client that an operator registered, or like ours, or claim that
somebody has looked at it. Look-alikes are compared by skeletons (UTS #39 §4), whose table is confusable-homoglyphs'.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from auth_service.models.client import LONGEST_NAME

OUR_NAME = "Moogle"

_MOST_MARKS = 4
"""So many nonspacing marks may stand in a row (UTS #39 §5.4)."""
_SELECTORS = frozenset(map(chr, (*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""These select variants: of emoji, of ideographs in Japanese names, of Mongolian letters."""
_JOINERS = frozenset("\u200c\u200d")
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""These letters, marks and a symbol show nothing, and unlike with all others, their category doesn't tell."""
_NO_TEXT = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_VIRAMA = 9
_PARTS_OF_LETTERS = {0, 7, 8, _VIRAMA}
"""These combining classes are of vowel signs, of what makes other consonants in India and Japan, and of the virama."""
_CHECK_MARK = re.compile(r"\bCHECK\b")
_SMALL_CAPITAL = re.compile(r"^LATIN LETTER SMALL CAPITAL ([A-Z])$")
_LETTER_IN_A_SYMBOL = re.compile(r"\bLETTER ([A-Z])$")
_LOOK_ALIKES_IN_ASCII = (("1", "l"), ("|", "l"), ("i", "l"), ("0", "o"), ("rn", "m"))
_CLAIMS = ("verlfled", "approved", "offlclal", "certlfled", "endorsed", "authorlzed", "authorlsed")
"""These are skeletons of words."""


def name_problem(name: str, whose: str = "a client") -> str | None:
    """Say why no client may be called so, in words for whoever registers it; None if it may.

    `whose` name it is, is said there: that of its publisher keeps to the same rule.
    """
    if not 1 <= len(name) <= LONGEST_NAME:
        return f"{whose}'s name has 1 to {LONGEST_NAME} characters"
    for position, character in enumerate(name):
        if not _shows(character) and not _belongs_behind(name[:position], character):
            return f"{whose}'s name must not have characters that nobody sees (U+{ord(character):04X})"
    if not any(unicodedata.category(character)[0] in "LNS" for character in name):
        return f"{whose}'s name needs a letter, a digit or a symbol"
    blank = [unicodedata.category(character) == "Zs" for character in name]
    if blank[0] or blank[-1] or (True, True) in pairwise(blank):
        return f"{whose}'s name must not begin or end with a blank, or have two in a row"
    return _problem_of_marks(name, whose)


def pretence(name: str, names_of_others: Iterable[str]) -> str | None:
    """Say what a client that registers itself must not pretend with this name; None if it pretends nothing.

    `names_of_others` are those of the clients that an operator registered.
    """
    skeletons = _skeletons(name)
    if any(OUR_NAME.casefold() in skeleton for skeleton in skeletons):
        return f"the name of a client that registers itself must not hold, or look like, {OUR_NAME}"
    if any(skeletons & _skeletons(other) for other in names_of_others):
        return "this name is, or looks like, the name of another client; choose one that can be told from it"
    words = (word for written in re.split(r"[\W_]+", name) for word in _skeletons(written))
    if any(word.startswith(_CLAIMS) for word in words) or _has_check_mark(name):
        return "the name of a client that registers itself must not claim that anybody has checked it"
    return None


def _shows(character: str) -> bool:
    return (
        unicodedata.category(character) not in _NO_TEXT and character not in _INVISIBLE and character not in _SELECTORS
    )


def _belongs_behind(text: str, character: str) -> bool:
    """Say whether a character that shows nothing changes how the text before it is written, as people write it.

    Joiners do in Arabic script, in Indic scripts behind a virama (RFC 5892 §A.1, §A.2), and between emoji.
    """
    if not text:
        return False
    if character in _SELECTORS:
        return unicodedata.category(text[-1])[0] in "LNPS"
    if character not in _JOINERS:
        return False
    base = next((each for each in reversed(text) if unicodedata.category(each)[0] != "M"), "")
    return (
        unicodedata.combining(text[-1]) == _VIRAMA
        or unicodedata.bidirectional(base) == "AL"
        or unicodedata.category(base) in {"So", "Sk"}
    )


def _problem_of_marks(name: str, whose: str) -> str | None:
    in_a_row: list[str] = []
    before = " "
    for character in unicodedata.normalize("NFD", name):
        category = unicodedata.category(character)
        if category[0] == "M" and unicodedata.category(before)[0] == "Z":
            return f"in {whose}'s name each combining mark needs a character to stand on"
        if character in _SELECTORS:
            continue
        in_a_row = [*in_a_row, character] if category in {"Mn", "Me"} else []
        if len(in_a_row) > _MOST_MARKS or in_a_row[-2:] == [character, character]:
            return f"{whose}'s name has at most {_MOST_MARKS} combining marks in a row, and none twice"
        before = character
    return None


@lru_cache(10_000)
def _skeletons(name: str) -> frozenset[str]:
    """Return what is left of a name at a glance: look-alikes are one, blanks and ornaments are none.

    Two, because in some scripts other capitals look alike than small letters.
    """
    return frozenset(filter(None, (_skeleton(name), _skeleton(name.casefold()))))


def _skeleton(name: str) -> str:
    seen = "".join(map(_prototype, unicodedata.normalize("NFD", name)))
    letters = (character for character in seen if unicodedata.category(character)[0] in "LNM" or character == "|")
    decomposed = unicodedata.normalize("NFKD", "".join(letters)).casefold()
    text = "".join(
        character
        for character in decomposed
        if unicodedata.combining(character) in _PARTS_OF_LETTERS and _shows(character)
    )
    for look_alike, prototype in _LOOK_ALIKES_IN_ASCII:
        text = text.replace(look_alike, prototype)
    return text


def _prototype(character: str) -> str:
    """Return the ASCII that a character looks like, if it does; else one character for all that look alike."""
    if character.isascii() or unicodedata.category(character)[0] not in "LNS":
        return character
    latin = _LETTER_IN_A_SYMBOL if unicodedata.category(character) == "So" else _SMALL_CAPITAL
    if letter := latin.search(unicodedata.name(character, "")):
        return letter[1]
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415 - its table takes 18 MB

    known = [each["c"] for each in confusables_data.get(character, ())]
    in_ascii = [each for each in known if each.isascii()]
    return str(in_ascii[0] if in_ascii else max((character, *known), key=lambda each: (len(each), each)))


def _has_check_mark(name: str) -> bool:
    return any(_CHECK_MARK.search(unicodedata.name(character, "")) for character in name)
