"""With these scopes an app asks who a person is (OpenID Connect Core §5.4); `openid/userinfo.py` answers."""

OPENID, PROFILE, EMAIL = "openid", "profile", "email"
