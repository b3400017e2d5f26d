"""How much of the platform's two budgets may be used: API requests, and DRS files, in any five minutes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from attrs import frozen

from sbtransfer.budget import Budget, Unlimited
from sbtransfer.errors import SettingsError
from sbtransfer.exact import ExactBudget


@frozen
class Limits:
    """How much of the platform's budgets this client may use.

    `requests` calls in any `requests_period` seconds, and `drs_files` files in any `drs_period` seconds.
    `requests_share` (over 0, at most 1) leaves the rest of the requests to others with the same token.
    """

    requests: float = 1000
    requests_period: float = 300.0
    drs_files: float = 500
    drs_period: float = 300.0
    requests_share: float = 1.0

    def __attrs_post_init__(self) -> None:
        for name in ("requests", "drs_files"):
            if not getattr(self, name) >= 1:
                raise SettingsError(f"Limits.{name} must be at least 1, not {getattr(self, name)!r}")
        for name in ("requests_period", "drs_period"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"Limits.{name} must be over 0 seconds, not {getattr(self, name)!r}")
        if not 0 < self.requests_share <= 1:
            raise SettingsError(
                f"Limits.requests_share must be over 0 and at most 1, not {self.requests_share!r}"
            )

    @classmethod
    def unlimited(cls) -> Limits:
        """No budget at all and no smoothing: for a platform of one's own, such as the simulator."""
        return cls(requests=float("inf"), drs_files=float("inf"))

    def request_budget(self) -> Budget:
        """Make the budget of API requests."""
        if self.requests == float("inf"):
            return Unlimited()
        return ExactBudget(max(1, int(self.requests * self.requests_share)), self.requests_period)

    def file_budget(self) -> Budget:
        """Make the budget of DRS files."""
        if self.drs_files == float("inf"):
            return Unlimited()
        return ExactBudget(int(self.drs_files), self.drs_period)


class Who(Protocol):
    """Whose budgets they are: a user of a platform."""

    @property
    def endpoint(self) -> str:
        """The platform's base URL."""

    @property
    def username(self) -> str:
        """The owner of the token."""


class SharedBudgets(Protocol):
    """Budgets that several processes share; a client that is given them uses no others."""

    def bind(self, endpoint: str, limits: Limits, who: Callable[[], Awaitable[Who]]) -> tuple[Budget, Budget]:
        """Return the budgets of requests and of files for the one client that may use them.

        `who` asks the platform, with a request that no budget grants, and is asked once. What has no limit is
        shared with nobody. Raises `UsageError` the second time.
        """

    def check(self) -> None:
        """Raise `SessionLostError` where this process must send nothing more."""

    async def aclose(self) -> None:
        """Give back what is not used."""
