"""An API that only good tokens get into, with Quart: `AUTH=… SECRET=… hypercorn protected_quart:app`."""

import os

from quart import Quart

from shared.resource_server import ActiveToken, connect
from shared.resource_server.quart_protector import ResourceProtector

validator = connect(
    resource="https://journal.example/",
    issuer=os.environ["AUTH"],
    client_id="journal",
    client_secret=os.environ["SECRET"],
)
require_token = ResourceProtector(validator)
app = Quart(__name__)


@app.get("/journal")
@require_token("journal:read")
async def journal(token: ActiveToken) -> str:
    """Of the person whose token it is."""
    return f"the journal of {token.subject}"


@app.post("/journal")
@require_token("journal:write")
async def write(token: ActiveToken) -> str:
    """Needs another scope than reading."""
    return f"{token.subject} wrote"
