"""HTML for people: sign-in, consent, connected apps, account. No JavaScript is needed. Forms carry CSRF tokens."""
