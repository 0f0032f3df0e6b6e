"""The rules of OAuth as we keep them. The only folder that subclasses Authlib; knows neither Flask, SQL nor Redis."""
