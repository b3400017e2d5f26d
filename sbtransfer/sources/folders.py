"""Folders by their paths: found or made, each once."""

from __future__ import annotations

from attrs import define, field

from sbtransfer.errors import APIError, SettingsError
from sbtransfer.http.api import API
from sbtransfer.resources import FileDetails

_TAKEN = 409


@define(eq=False)
class Folders:
    """The folders below a project, or below the folder with the id `parent`, by their paths from there."""

    api: API
    project: str | None
    parent: str | None
    _known: dict[str, FileDetails] = field(init=False, factory=dict)

    async def made(self, path: str) -> FileDetails:
        """Return the folder at a path, made as far as it is not there.

        Raises `SettingsError` for what is no path, and `APIError` where a file is in the way.
        """
        _check(path)
        if path not in self._known:
            before, name = _split(path)
            home = await self.made(before) if before else None
            self._known[path] = await self._make(name, home)
        return self._known[path]

    async def found(self, path: str) -> FileDetails | None:
        """Return the folder at a path, `None` if there is none."""
        _check(path)
        if path in self._known:
            return self._known[path]
        before, name = _split(path)
        home = await self.found(before) if before else None
        there = await self._there(name, home) if home or not before else None
        if there is not None and there.is_folder:
            self._known[path] = there
        return self._known.get(path)

    async def _make(self, name: str, home: FileDetails | None) -> FileDetails:
        try:
            return await self.api.make_folder(name, *self._within(home))
        except APIError as error:
            # Most often it was there before: that costs two requests, and looking first would always.
            there = await self._there(name, home) if error.status == _TAKEN else None
            if there is None or not there.is_folder:
                raise
            return there

    async def _there(self, name: str, home: FileDetails | None) -> FileDetails | None:
        """Return what has this name; other names that the platform shows despite the filter are passed."""
        async for page in self.api.file_pages(*self._within(home), name=name):
            for file in page.entries:
                if file.name == name:
                    return file
        return None

    def _within(self, home: FileDetails | None) -> tuple[str | None, str | None]:
        return (self.project, self.parent) if home is None else (None, home.id)


def _check(path: str) -> None:
    if any(name.strip() in ("", ".", "..") for name in path.split("/")):
        raise SettingsError(f"a path of folders has no empty, '.' or '..' part: {path!r}")


def _split(path: str) -> tuple[str, str]:
    before, _, name = path.rpartition("/")
    return before, name
