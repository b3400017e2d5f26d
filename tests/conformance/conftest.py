"""What the tests with the official client share."""

from tests.conformance.official import api, connect, platform

__all__ = ["api", "connect", "platform"]
