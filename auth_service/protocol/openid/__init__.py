"""OpenID Connect is here: asking a person to sign in, the ID token, what an app learns of them, and signing out."""
