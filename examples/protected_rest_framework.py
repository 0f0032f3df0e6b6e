"""An API that only good tokens get into, with Django REST Framework: `gunicorn protected_rest_framework:app`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

SECRET = os.environ["SECRET"]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, REST_FRAMEWORK={"UNAUTHENTICATED_USER": None})

from rest_framework.request import Request  # noqa: E402 — it reads the settings, which a project has in another file
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from shared.resource_server import connect  # noqa: E402
from shared.resource_server.rest_framework_authentication import HasScopes, TokenAuthentication  # noqa: E402


class JournalToken(TokenAuthentication):
    """Who asks, and that the token is good here."""

    validator = connect(
        resource="https://journal.example/", issuer=os.environ["AUTH"], client_id="journal", client_secret=SECRET
    )


class Journal(APIView):
    """What each method needs; one that isn't named nobody may use."""

    authentication_classes, permission_classes = (JournalToken,), (HasScopes,)
    required_scopes = {"GET": ["journal:read"], "POST": ["journal:write"]}  # noqa: RUF012

    def get(self, request: Request) -> Response:
        """Of the person whose token it is."""
        return Response(f"the journal of {request.auth.subject}")

    post = get


urlpatterns = [path("journal", Journal.as_view())]
app = get_wsgi_application()
