"""What the strength app is told, in `APP_…` variables."""

from pydantic import Field

from shared.service.environment import EnvironmentSettings


class Settings(EnvironmentSettings):
    """The strength app's settings."""

    prefix = "APP_"

    url: str = Field(description="where people find the app; its callback is below it")
    issuer: str = Field(description="the authorization server, as browsers see it and as `iss` names it")
    fit_api: str = Field(description="the Fit API's identifier, which is also its address: …/api/")
    client_id: str
    client_secret: str
    secret_key: str = Field(min_length=32, description="signs the session cookie and makes Idempotency-Keys")
    database: str = Field(description="path of the SQLite file that keeps the tokens; uploaded files lie beside it")
    auth_url: str | None = Field(None, description="where the authorization server is reached from here; unset: issuer")
    fit_url: str | None = Field(None, description="where the Fit API is reached from here; …/api/; unset: at fit_api")
    upload_limit: int = Field(4 * 1024**3, ge=1024, description="bytes that a file may have that a person imports")
    log_level: str = "INFO"
