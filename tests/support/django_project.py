"""Django's settings are one for a process; each test that needs them sets them anew."""

from django import setup
from django.apps import apps
from django.conf import settings
from django.utils.functional import empty


def forget_settings() -> None:
    """As if no project had been there before."""
    settings._wrapped = empty


def small_project() -> None:
    """The settings that a project without a database and people of its own has."""
    forget_settings()
    settings.configure(ALLOWED_HOSTS=["*"], REST_FRAMEWORK={"UNAUTHENTICATED_USER": None})
    if not apps.ready:
        setup()
