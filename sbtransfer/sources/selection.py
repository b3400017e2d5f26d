"""Which of the things that a volume or a project holds are taken."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from attrs import asdict, field, frozen

from sbtransfer.errors import SettingsError, WorkListError


def _patterns(given: str | Iterable[str]) -> tuple[str, ...]:
    # A lone pattern would fall apart into its letters.
    return (given,) if isinstance(given, str) else tuple(given)


@frozen(kw_only=True)
class Selection:
    """Patterns for paths and a range of sizes in bytes, both ends of it included.

    A pattern is a shell's: `*` stands for any characters, also for `/`, `?` for one, `[ab]` for one of these;
    upper and lower case differ. One without a `/` is compared with the name alone, so `*.bam` takes them
    from all folders. What `include` names is taken, everything if it is empty; what `exclude` names is not.
    """

    include: tuple[str, ...] = field(default=(), converter=_patterns)
    exclude: tuple[str, ...] = field(default=(), converter=_patterns)
    min_size: int | None = None
    max_size: int | None = None

    def __attrs_post_init__(self) -> None:
        low, high = self.min_size, self.max_size
        if any(size is not None and size < 0 for size in (low, high)):
            raise SettingsError("min_size and max_size are in bytes and cannot be negative")
        if low is not None and high is not None and low > high:
            raise SettingsError(f"no size is at least {low:,} and at most {high:,} bytes")

    @property
    def needs_size(self) -> bool:
        """Whether the size matters."""
        return self.min_size is not None or self.max_size is not None

    def takes(self, path: str, size: int | None) -> bool:
        """Tell whether a file is taken; raises `WorkListError` where only its size could tell."""
        if self.include and not any(_matches(path, pattern) for pattern in self.include):
            return False
        if any(_matches(path, pattern) for pattern in self.exclude):
            return False
        return not self.needs_size or self._fits(path, size)

    def _fits(self, path: str, size: int | None) -> bool:
        if size is None:
            raise WorkListError(
                [f"{path}: the platform does not tell its size, so no range of sizes can be applied"]
            )
        low = 0 if self.min_size is None else self.min_size
        return low <= size and (self.max_size is None or size <= self.max_size)

    def describe(self) -> dict[str, Any]:
        """Return what it takes to make it anew."""
        return asdict(self)


def _matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path if "/" in pattern else path.rpartition("/")[2], pattern.lstrip("/"))
