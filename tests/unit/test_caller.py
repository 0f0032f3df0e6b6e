"""Who sends a request is noted by network and program."""

import pytest

from auth_service.models.caller import network_prefix, program_of

_CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
_SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("", ""),
        ("a name", ""),
    ],
)
def test_of_an_address_the_network_is_kept(address: str, prefix: str) -> None:
    assert network_prefix(address) == prefix


@pytest.mark.parametrize(
    ("user_agent", "program"),
    [
        (_CHROME, "Chrome on Linux"),
        (f"{_CHROME} Edg/141.0.0.0", "Edge on Linux"),
        (f"{_SAFARI} Mobile/15E148 Safari/604.1", "Safari on iOS"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", "macOS"),
        ("okhttp/4.12.0", "okhttp"),
        ("python-requests/2.32.5", "python-requests"),
        ("A-very-long-name-of-a-program/1", "A-very-long-name-of-"),
        ("<script>alert(1)</script>", ""),
        ("Mozilla/5.0 <script>", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_of_a_user_agent_the_name_of_the_program_is_kept(user_agent: str | None, program: str) -> None:
    assert program_of(user_agent) == program


def test_only_the_beginning_of_a_user_agent_is_looked_at() -> None:
    assert program_of("Mozilla/5.0 " + " " * 300 + "Firefox/144.0") == ""
