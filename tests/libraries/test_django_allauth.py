"""django-allauth, with the settings of docs/libraries.md."""

from pathlib import Path

import pytest
import requests

from tests.libraries.page import Section
from tests.libraries.program import program, python_with
from tests.support.actions import TIMEOUT, Actions

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]
PACKAGES = {"django-allauth[socialaccount]": "65.21.1", "django": "5.2.19"}
PROJECT = """
SECRET_KEY, ROOT_URLCONF, USE_TZ, ALLOWED_HOSTS = "a secret of a test", "urls", True, ["app.example"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.sqlite"}}
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
    "allauth", "allauth.account", "allauth.socialaccount", "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
    ]},
}]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
"""
URLS = """
from django.urls import include, path

urlpatterns = [path("accounts/", include("allauth.urls"))]
"""
STEPS = """
import json
import django
from django.core.management import call_command
from django.test import Client

django.setup()
call_command("migrate", verbosity=0)
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken

site = {"HTTP_HOST": "app.example", "HTTP_X_FORWARDED_PROTO": "https"}
browser = Client()
print(json.dumps(browser.post("/accounts/oidc/moogle/login/", **site)["Location"]), flush=True)
back = browser.get(input(), **site)
account = SocialAccount.objects.get()
told = {
    "status": back.status_code, "signed_in": "_auth_user_id" in browser.session,
    "uid": account.uid, "username": account.user.username,
    "verified": list(EmailAddress.objects.values_list("email", "verified")), "token": SocialToken.objects.get().token,
}
print(json.dumps(told), flush=True)
"""


def userinfo(actions: Actions, token: str) -> int:
    bearer = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{actions.stack.auth}/userinfo", headers=bearer, timeout=TIMEOUT).status_code


def test_a_person_signs_in_and_a_confirmed_address_counts_as_one(actions: Actions, tmp_path: Path) -> None:
    page = Section("django-allauth", actions.stack, *PACKAGES.values())
    python, mo = python_with(tmp_path, PACKAGES), actions.person()
    client, address = page.run_command(), f"{mo.username}@example.org"
    actions.stack.command("account", "set-email", mo.username, address, "--verified")
    (tmp_path / "settings.py").write_text(PROJECT + page.block("python"))
    (tmp_path / "urls.py").write_text(URLS)
    (tmp_path / "steps.py").write_text(STEPS)
    with program([python, "steps.py"], tmp_path, DJANGO_SETTINGS_MODULE="settings") as site:
        told = site.say(mo.decide(site.hear(), ["openid", "profile", "email"]).headers["Location"])
    token = told.pop("token")
    signed_in = {"status": 302, "uid": mo.subject, "username": mo.username, "signed_in": True}
    assert told == signed_in | {"verified": [[address, True]]}
    seen = userinfo(actions, token)
    mo.disconnect(client["client_id"])
    assert (seen, userinfo(actions, token)) == (200, 401)
