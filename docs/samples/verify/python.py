"""Verifies what Baton sends, with nothing but Python's standard library (3.9 or newer).

    python3 python.py [vectors.json]

Use the raw body: the bytes as they came, before any JSON parser has touched them.
"""

import base64
import binascii
import hashlib
import hmac
import json
import pathlib
import re
import sys

TOLERANCE_SECONDS = 300


def verify_leadsbot(raw_body, signature, secret):
    """X-LeadsBot-Signature: lowercase hex HMAC-SHA256 of the raw body, keyed with the secret's text."""
    if signature is None:
        return False
    expected = hmac.new(secret.encode(), raw_body, hashlib.sha256).hexdigest()
    # compare_digest takes bytes of any length in constant time; text must be ASCII, so encode it.
    return hmac.compare_digest(signature.encode(), expected.encode())


def verify_webhook(raw_body, headers, secret, now_seconds):
    """webhook-id, webhook-timestamp, webhook-signature: Standard Webhooks 1.0.0."""
    identifier = headers.get("webhook-id")
    timestamp = headers.get("webhook-timestamp")
    signatures = headers.get("webhook-signature")
    if not identifier or not timestamp or not signatures:
        return False
    if not re.fullmatch("[0-9]{1,12}", timestamp):
        return False
    if abs(now_seconds - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    try:
        key = base64.b64decode(secret[6:] if secret.startswith("whsec_") else secret, validate=True)
    except binascii.Error:
        return False
    signed = f"{identifier}.{timestamp}.".encode() + raw_body
    mac = hmac.new(key, signed, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(mac)
    # While a secret is rotated there are two signatures; one that is right is enough.
    return any(hmac.compare_digest(one.encode(), expected) for one in signatures.split(" "))


def main():
    default = pathlib.Path(__file__).with_name("vectors.json")
    file = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    vectors = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    wrong = 0
    for vector in vectors:
        raw, headers = vector["body"].encode(), vector["headers"]
        signature = headers.get("x-leadsbot-signature")
        got = {
            "leadsbot": verify_leadsbot(raw, signature, vector["secret"]),
            "webhook": verify_webhook(raw, headers, vector["secret"], vector["now"]),
        }
        for scheme, expected in vector["expect"].items():
            if got[scheme] != expected:
                print(f"{vector['name']}: {scheme} gave {got[scheme]}, expected {expected}", file=sys.stderr)
                wrong += 1
    print(f"python: {len(vectors)} vectors, {wrong} wrong")
    return 0 if wrong == 0 and vectors else 1


if __name__ == "__main__":
    sys.exit(main())
