"""Somebody reads German and lives where it is another day than in UTC: pages speak so, and say times so."""

from datetime import UTC, datetime, time

import pytest

from tests.browser.window import Window
from tests.support.actions import Actions, Verifier, query_of, tokens

TODAY = "return new Intl.DateTimeFormat('de-AT', {dateStyle: 'full'}).format(new Date())"


@pytest.mark.timeout(300)
@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
def test_pages_speak_the_readers_language_and_say_times_in_their_zone_and_words(
    window: Window, actions: Actions
) -> None:
    mo, verifier = actions.person(), Verifier()
    app = actions.app(redirect_uri=f"{actions.stack.fit}/callback".replace("localhost", "127.0.0.1"))
    is_early = datetime.now(UTC).time() < time(
        10, 30
    )  # then it is yesterday in the one place, else tomorrow in the other
    zone, offset = ("Pacific/Pago_Pago", "GMT-11") if is_early else ("Pacific/Kiritimati", "GMT+14")
    window.be_somewhere("de-AT,de,en", zone)
    window.be_small()
    window.open(app.authorize_url(verifier))
    window.find(".show", "Anzeigen")
    for scheme in ("light", "dark"):
        window.be_shaded(scheme)
    window.fill("username", mo.username)
    window.fill("password", mo.password)
    window.press("Anmelden")
    assert f"Darf {app.name} Ihr Moogle-Konto nutzen?" in window.text
    for scheme in ("light", "dark"):
        window.be_shaded(scheme)
    window.press("Erlauben")
    tokens(app.exchange(query_of(window.address)["code"][0], verifier))

    window.open(f"{actions.stack.auth}/connected-apps")
    connected = window.find("time[data-as=words]")
    assert connected.text.startswith(("vor ", "jetzt"))
    assert (connected.get_attribute("title") or "").endswith(offset)
    assert "UTC" not in window.text

    before = window.run(TODAY)
    window.open(f"{actions.stack.auth}/activity")
    assert window.find("h2").text in {before, window.run(TODAY)}
    assert "UTC" not in window.text
    assert f"Sie haben {app.name} verbunden." in window.text
    window.open(f"{actions.stack.auth}/account/security")
    assert [said for said in window.complaints() if "/callback?" not in said] == []  # which is of no app
