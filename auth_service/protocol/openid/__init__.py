"""OpenID Connect: how a person is asked to sign in, the ID token, what an app learns of them, and signing out."""
