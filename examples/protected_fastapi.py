"""An API that only good tokens get into, with FastAPI: `AUTH=… SECRET=… uvicorn protected_fastapi:app`."""

import os
from typing import Annotated

from fastapi import FastAPI, Security

from shared.resource_server import ActiveToken, connect
from shared.resource_server.fastapi_security import TokenSecurity

validator = connect(
    resource="https://journal.example/",
    issuer=os.environ["AUTH"],
    client_id="journal",
    client_secret=os.environ["SECRET"],
)
token = TokenSecurity(validator, scopes={"journal:read": "See your journal", "journal:write": "Write it"})
Reader = Annotated[ActiveToken, Security(token, scopes=["journal:read"])]
Writer = Annotated[ActiveToken, Security(token, scopes=["journal:write"])]
app = FastAPI()


@app.get("/journal")
async def journal(reader: Reader) -> str:
    """Of the person whose token it is."""
    return f"the journal of {reader.subject}"


@app.post("/journal")
async def write(writer: Writer) -> str:
    """Needs another scope than reading."""
    return f"{writer.subject} wrote"
