"""Whether a webhook is really of the service: signatures, compared in constant time, and its age.

Sources: docs.github.com, "Validating webhook deliveries"; docs.gitlab.com, "Webhooks"; standardwebhooks.com.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import datetime, timedelta

from banana_assets.core.errors import BananaError

CLOCK = timedelta(minutes=5)
"""How far the clocks of two machines may be apart (Standard Webhooks)."""


class UnsignedError(BananaError):
    """The request is not signed by the service, or is too old."""


def check_github(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raises UnsignedError unless X-Hub-Signature-256 is the HMAC-SHA-256 of the body under the secret."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), headers.get("x-hub-signature-256", "").encode()):
        raise UnsignedError("The signature is not that of the secret.", "Set the same secret here and at GitHub.")


def check_gitlab(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises UnsignedError unless the signature (webhook-signature) or the secret token (X-Gitlab-Token) is right."""
    if "webhook-signature" in headers:
        _check_standard(secret, headers, body, now)
        return
    if not hmac.compare_digest(secret.encode(), headers.get("x-gitlab-token", "").encode()):
        raise UnsignedError("The token is not that of the settings.", "Set the same secret here and at GitLab.")


def _check_standard(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    ident, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (at.isascii() and at.isdigit()) or len(at) > 12 or abs(now.timestamp() - int(at)) > CLOCK.total_seconds():
        raise UnsignedError("The delivery is older than five minutes, or ahead of time.", "Set the clocks right.")
    content = f"{ident}.{at}.".encode() + body
    expected = [b"v1," + b64encode(hmac.digest(key, content, "sha256")) for key in _keys(secret)]
    told = headers["webhook-signature"].encode().split()
    if not any(hmac.compare_digest(made, one) for made in expected for one in told):
        raise UnsignedError("The signature is not that of the signing token.", "Set the same token here and at GitLab.")


def _keys(secret: str) -> list[bytes]:
    """A signing token as it stands, and what it says in base64, as Standard Webhooks has it."""
    try:
        told = b64decode(secret.removeprefix("whsec_"), validate=True)
    except (Base64Error, ValueError):
        told = b""
    # Under no key at all everybody can sign.
    return [key for key in (secret.encode(), told) if key]


def check_age(at: str | None, now: datetime, hours: int) -> None:
    """Raises UnsignedError for an event whose own time is older than so many hours: somebody sends it again.

    What tells no time that can be read passes: its id is known again all the same.
    """
    try:
        told = datetime.fromisoformat(at) if at else None
    except ValueError:
        told = None
    if told is not None and told.tzinfo is not None and now - told > timedelta(hours=hours):
        raise UnsignedError(
            f"The event is of {told:%F %T}, more than {hours} hours ago.", "`banana import` brings in older builds."
        )
