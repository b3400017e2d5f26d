"""Where a list goes on, wrapped up so that clients take it as it is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson

from sbtransfer.simulator.bodies import malformed
from sbtransfer.simulator.refusals import RefusalError


def seal(*parts: str) -> str:
    """Return a token that holds the parts."""
    return urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


def unseal(token: str, count: int) -> list[str]:
    """Return the parts of a token, or refuse one that does not hold as many."""
    try:
        parts = orjson.loads(urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4)))
    except ValueError:  # that it is no base64, and that it is no JSON
        raise unknown_token(token) from None
    if not isinstance(parts, list) or len(parts) != count or not all(isinstance(one, str) for one in parts):
        raise unknown_token(token)
    return parts


def unknown_token(token: str) -> RefusalError:
    """Return the refusal of a token that leads nowhere."""
    return malformed(f"The continuation token {token!r} is not one of this list, or no longer.")
