"""What a client may be called: honest names of every script may pass, and nothing that pretends or can't be seen."""

import pytest

from auth_service.protocol.registration.name import name_problem, pretence

OTHERS = ["Strength", "Экспо", "Fit documentation"]

HONEST = [
    "Lifting log",
    "Unofficial Strava sync",
    "Verify my weight",
    "C++ & friends’ “app”",
    "Приложение для веса",
    "Яндекс Fit",
    "Βάρος",
    "Քաշ",
    "משקל",
    "בְּרֵאשִׁית",
    "متتبع الوزن",
    "می‌خواهم",
    "वज़न डायरी",
    "क्‍ष",
    "ওজন ট্র্যাকার",
    "எடை",
    "น้ำหนัก",
    "မြို့",
    "སྒྲུབ",
    "ទម្ងន់",
    "ክብደት",
    "ᠮᠣᠩᠭᠣᠯ",
    "체중 기록",
    "體重日記",
    "メモ　日記",
    "葛\U000e0100城",
    "Cân nặng",
    "Poids : enfin !",
    "Vægt ağırlık łatwo",
    "👩‍💻 1️⃣ Log ❤️",
    "x" * 100,
]

NOT_TO_BE_READ = [
    "",
    "x" * 101,
    " ",
    " Log",
    "Log\u3000",
    "Log  book",
    "...",
    "\u3164",
    "Log\u2800",
    "Log\ufe0f\ufe0f",
    "Log \ufe0f",
    "zero\u200bwidth",
    "zero\u200cwidth",
    "zero\u200dwidth",
    "\u200dLog",
    "soft\u00adhyphen",
    "two\u2028lines",
    "two\nlines",
    "NUL\0",
    "\u202egoL",
    "\u2066Log\u2069",
    "\ud800",
    "\ue000",
    "\u0301Log",
    "Log \u0301",
    "Lo\u0338\u0338g",
    "Lo\u0300\u0301\u0302\u0303\u0304g",
]

PRETENCES = [
    "Strength",
    "STRENGTH",
    "S t r e n g t h",
    "Strength!",
    "Strength 💪",
    "Strength™",
    "Strêngth",
    "Stren\u0335gth",
    "Ѕtrength",
    "ꜱtrength",
    "ＳＴＲＥＮＧＴＨ",
    "𝐒𝐭𝐫𝐞𝐧𝐠𝐭𝐡",
    "Ⓢtrength",
    "🆂🆃🆁🅴🅽🅶🆃🅷",
    "🇸🇹🇷🇪🇳🇬🇹🇭",
    "F1t documentation",
    "Fit docurnentation",
    "экспо",
    "Экcпo",
    "Moogle",
    "My Moogle Fit",
    "M00gle",
    "rnoogle",
    "Мооgӏе",
    "ᴍᴏᴏɢʟᴇ",
    "Verified log",
    "Log (official)",
    "OFFICIAL_log",
    "оfficiаl log",
    "0fficial log",
    "Approved: log",
    "Log ✓",
    "✅ Log",
]


@pytest.mark.clause("RFC 7591 §5")
@pytest.mark.parametrize("name", HONEST, ids=ascii)
def test_honest_names_are_accepted_in_every_script(name: str) -> None:
    assert (name_problem(name), pretence(name, OTHERS)) == (None, None)


@pytest.mark.clause("RFC 7591 §5")
@pytest.mark.parametrize("name", NOT_TO_BE_READ, ids=lambda name: ascii(name[:30]))
def test_a_name_that_can_not_be_read_is_refused(name: str) -> None:
    assert name_problem(name) is not None


@pytest.mark.clause("RFC 7591 §5")
@pytest.mark.parametrize("name", PRETENCES, ids=ascii)
def test_a_name_that_pretends_is_refused(name: str) -> None:
    assert name_problem(name) is None
    assert pretence(name, OTHERS) is not None
