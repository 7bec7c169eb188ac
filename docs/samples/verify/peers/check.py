"""Holds signatures against the Standard Webhooks library for Python.

    python3 check.py [vectors.json]
"""

import datetime
import json
import pathlib
import sys

from standardwebhooks import webhooks


def clock_at(seconds):
    """The datetime class with its present set: the library reads the time of day itself."""

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.fromtimestamp(seconds, tz=tz)

    return Clock


def accepts(vector):
    webhooks.datetime = clock_at(vector["now"])
    try:
        receiver = webhooks.Webhook(vector["secret"])
        receiver.verify(vector["body"].encode(), vector["headers"], json_parse=False)
    except (webhooks.WebhookVerificationError, ValueError):
        # The library lets errors about malformed signatures through as ValueError.
        return False
    return True


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "vectors.json"
    file = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    vectors = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    compared = wrong = 0
    for vector in vectors:
        # The library takes a fraction in the timestamp; Baton sends none.
        if "." in vector["headers"].get("webhook-timestamp", ""):
            continue
        compared += 1
        got, expected = accepts(vector), vector["expect"]["webhook"]
        if got != expected:
            print(f"{vector['name']}: gave {got}, expected {expected}", file=sys.stderr)
            wrong += 1
    print(f"peers, Python: {compared} comparisons, {wrong} wrong")
    return 0 if wrong == 0 and compared else 1


if __name__ == "__main__":
    sys.exit(main())
