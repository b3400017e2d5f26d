"""One look at the platform before anything is sent: whether it is there, and takes the token."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sbtransfer.client import Client
from sbtransfer.errors import APIError, NetworkError, OutageError, UnreadableAnswerError
from sbtransfer.resources import RateLimit, User


async def known_user(client: Client, seconds: float) -> User:
    """Return the owner of the token.

    A platform that says nothing for so many seconds ends with an `OutageError`, one that is another service
    with a `NetworkError`, a token that is refused with an `APIError`.
    """
    await rate_limit_of(client, seconds)
    with _explained(client.endpoint):
        return await client.user()


async def rate_limit_of(client: Client, seconds: float) -> RateLimit:
    """Return what is left of the requests, with the errors of `known_user`.

    The question is not counted, so that no limit can keep it waiting.
    """
    try:
        async with asyncio.timeout(seconds):
            with _explained(client.endpoint):
                return await client.rate_limit()
    except TimeoutError:
        reason = client.waiting_for or "no answer"
        raise OutageError(
            f"{client.endpoint} could not be reached within {seconds:g} s: {reason}; "
            "check the endpoint and the network"
        ) from None


@contextmanager
def _explained(endpoint: str) -> Iterator[None]:
    try:
        yield
    except APIError as error:
        raise _refused(endpoint, error) from None
    except UnreadableAnswerError as error:
        raise _not_the_platform(endpoint, error) from None


def _refused(endpoint: str, error: APIError) -> APIError | NetworkError:
    if error.status not in (401, 403):
        return _not_the_platform(endpoint, error)
    advice = f"{endpoint} refuses the token, check SB_AUTH_TOKEN or the profile: {error.message}"
    return type(error)(error.status, error.code, advice, error.more_info)


def _not_the_platform(endpoint: str, error: Exception) -> NetworkError:
    return NetworkError(
        f"{endpoint} does not answer as the platform does, check the endpoint, which ends in /v2: {error}"
    )
