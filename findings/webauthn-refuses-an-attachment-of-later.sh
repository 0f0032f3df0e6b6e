#!/usr/bin/env bash
# webauthn 3.0.1 (py_webauthn): a credential whose client reports a transport and an authenticatorAttachment of a later specification.
# Expected: WebAuthn Level 3 says so that it can grow: unknown transports are ignored (section 5.8.4), and unknown attachments are to
# be treated "as if the value were null" (section 5.1). Nothing of a ceremony depends on either.
# Seen: the transport is left out, and the attachment refuses the whole credential, at registration and at each sign-in.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check webauthn==3.0.1
seen=$(env/bin/python - <<'PY'
from webauthn.helpers import parse_authentication_credential_json, parse_registration_credential_json
from webauthn.helpers.exceptions import InvalidJSONStructure

made = {"clientDataJSON": "e30", "attestationObject": "oA", "transports": ["internal", "later"]}
used = {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}
for name, parse, response in (
    ("registration", parse_registration_credential_json, made),
    ("sign-in", parse_authentication_credential_json, used),
):
    for attachment in (None, "platform", "later"):
        credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response, "clientExtensionResults": {}}
        try:
            read = parse(credential | {"authenticatorAttachment": attachment})
            transports = [each.value for each in getattr(read.response, "transports", None) or ()]
            print(f"{name} {attachment}:", read.authenticator_attachment and read.authenticator_attachment.value, transports)
        except InvalidJSONStructure as error:
            print(f"{name} {attachment}:", error)
PY
)
printf '%s\n' "$seen"
[ "$seen" = "registration None: None ['internal']
registration platform: platform ['internal']
registration later: Credential had unexpected authenticatorAttachment
sign-in None: None []
sign-in platform: platform []
sign-in later: Credential had unexpected authenticatorAttachment" ] || { echo "This has changed." >&2; exit 1; }
