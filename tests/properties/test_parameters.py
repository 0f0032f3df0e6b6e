"""What a form or a query says is what the standard library reads there, however little of it has to be decoded."""

from urllib.parse import parse_qs

import pytest
from authlib.oauth2.rfc6749 import InvalidRequestError
from hypothesis import given
from hypothesis import strategies as st

from auth_service.web.protocol_app import MAX_PARAMETERS, _parameters


@given(st.text("ab=&;", max_size=20) | st.text("a=&%+41;", max_size=20))
def test_a_form_says_what_the_standard_library_reads(sent: str) -> None:
    assert _parameters(sent) == parse_qs(sent, keep_blank_values=True, errors="werkzeug.url_quote")


@pytest.mark.parametrize("sent", ["a", "a=%41", ""])
def test_there_are_so_many_parameters_and_no_more(sent: str) -> None:
    _parameters("&".join([sent] * MAX_PARAMETERS))
    with pytest.raises(InvalidRequestError):
        _parameters("&".join([sent] * (MAX_PARAMETERS + 1)))
