"""An API that only good tokens get into, with Flask: `AUTH=… SECRET=… flask --app protected_flask run`.

Register it first: `resource-server create journal --resource https://journal.example/ --scope "journal:read=See it"`.
"""

import os

from flask import Flask

from shared.resource_server import ActiveToken, connect
from shared.resource_server.resource_protector import ResourceProtector

validator = connect(
    resource="https://journal.example/",
    issuer=os.environ["AUTH"],
    client_id="journal",
    client_secret=os.environ["SECRET"],
)
require_token = ResourceProtector(validator)
app = Flask(__name__)


@app.get("/journal")
@require_token("journal:read")
def journal(token: ActiveToken) -> list[str]:
    """Of the person whose token it is."""
    return [f"the journal of {token.subject}"]


@app.post("/journal")
@require_token("journal:write")
def write(token: ActiveToken) -> str:
    """Needs another scope than reading."""
    return f"{token.subject} wrote"
