"""An API that only good tokens get into, with Django: `AUTH=… SECRET=… gunicorn protected_django:app`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

from shared.resource_server import OPEN, Needs, connect
from shared.resource_server.django_middleware import TokenMiddleware

validator = connect(
    resource="https://journal.example/",
    issuer=os.environ["AUTH"],
    client_id="journal",
    client_secret=os.environ["SECRET"],
)


class JournalTokens(TokenMiddleware):
    """In a project of several files this is `journal/tokens.py`, and MIDDLEWARE names it."""

    validator = validator

    def required_scopes(self, method: str, path: str) -> Needs:
        """What a request needs; None, for what isn't named here, lets nobody in."""
        if path == "/health":
            return OPEN
        return {"journal:read" if method == "GET" else "journal:write"} if path == "/journal" else None


def journal(request: HttpRequest) -> HttpResponse:
    """Of the person whose token it is."""
    return HttpResponse(f"the journal of {request.token.subject}")


urlpatterns = [path("journal", journal), path("health", lambda _: HttpResponse("fine"))]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[f"{__name__}.JournalTokens"])
app = get_wsgi_application()
