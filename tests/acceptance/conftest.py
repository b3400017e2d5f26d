"""What the tests with real processes and sockets share."""

from tests.acceptance.commands import folder, serve, served

__all__ = ["folder", "serve", "served"]
