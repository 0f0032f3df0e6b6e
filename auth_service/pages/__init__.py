"""HTML for people: sign-in, consent, connected apps, account. No JavaScript. Forms carry a CSRF token each."""
