"""Values for the Helm chart: those of its page, few, many, and some that it must not take."""

import re
from typing import Any

import yaml

from tests.support.gunicorn_process import ROOT
from tests.support.stack import TOKEN_KEY

PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
DOCUMENTED: dict[str, Any] = yaml.safe_load(re.findall(r"^ *```yaml\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)[0])
NEEDED = {"auth": {"issuer": "https://id.example.org"}, "fit": {"resource": "https://fit.example.org/api/"}}
CASES: dict[str, dict[str, Any]] = {
    "documented": DOCUMENTED,
    "plain": NEEDED,
    "everything": {
        "image": {"registry": "registry.example.org/m", "tag": "1.2", "pullSecrets": ["pull"]},
        "auth": {
            **NEEDED["auth"],
            "settings": {"AUTH_GRANT_LIFETIME": 25_920_000, "AUTH_REDIS_SHARDS": 64, "AUTH_PGBOUNCER": True},
            "secret": {"settings": ["AUTH_DATABASE_URL", "AUTH_REDIS_URL", "AUTH_TOKEN_KEYS", "AUTH_METRICS_TOKEN"]},
            "image": {"digest": f"sha256:{'a' * 64}"},
        },
        "fit": {**NEEDED["fit"], "authUrl": "https://id.example.org", "settings": {"FIT_CORS_ORIGINS": "*"}},
        "drainTime": 2.5,
        "certificates": "authorities",
        "tracing": {"endpoint": "http://collector:4318"},
        "ingress": {"enabled": True, "className": "nginx", "annotations": {"a": "b"}, "tls": {"auth": "id-tls"}},
        "networkPolicy": {
            "clients": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
            "stores": {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": [5432, 7000]},
        },
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "only", "operator": "Exists"}],
    },
    "documents": {
        **NEEDED,
        "auth": {**NEEDED["auth"], "settings": {"AUTH_CLIENT_ID_METADATA_DOCUMENTS": "apps.example.org"}},
    },
    "mail": {
        **NEEDED,
        "auth": {
            **NEEDED["auth"],
            "settings": {"AUTH_MAIL_SENDER": "Moogle <no-reply@example.org>", "AUTH_SIGN_UP": True},
            "secret": {"settings": ["AUTH_DATABASE_URL", "AUTH_REDIS_URL", "AUTH_TOKEN_KEYS", "AUTH_SMTP_URL"]},
        },
    },
    "auth alone": {"auth": NEEDED["auth"], "fit": {"enabled": False}, "networkPolicy": {"enabled": False}},
}
REFUSED: dict[str, dict[str, Any]] = {
    "no issuer": {"fit": NEEDED["fit"]},
    "no resource": {"auth": NEEDED["auth"]},
    "an issuer with a slash": {**NEEDED, "auth": {"issuer": "https://id.example.org/"}},
    "a misspelled value": {**NEEDED, "replica": 3},
    "a misspelled setting": {**NEEDED, "auth": {**NEEDED["auth"], "settings": {"AUTH_GRANT_LIFE": 5}}},
    "a secret in clear": {**NEEDED, "auth": {**NEEDED["auth"], "settings": {"AUTH_TOKEN_KEYS": TOKEN_KEY}}},
    "no token keys": {**NEEDED, "auth": {**NEEDED["auth"], "secret": {"settings": ["AUTH_DATABASE_URL"]}}},
}
