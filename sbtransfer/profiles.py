"""The file of profiles: an endpoint and its token under a name, as the platform's own client reads it.

The file belongs to its user: a profile is edited as text, so that comments, other profiles and other keys
stay as they are. No `repr` shows what is in it.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import asdict, field, frozen

from sbtransfer.errors import SettingsError

CREDENTIALS_FILE = Path("~/.sevenbridges/credentials")

_TO_DO = "mend it, or move it away and run 'sbtransfer configure'"
_OTHERS = 0o077
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_KEY = re.compile(r"([^=:\s#;\[][^=:]*?)\s*[=:]")


@frozen
class Profile:
    """What a profile holds."""

    api_endpoint: str
    auth_token: str = field(repr=False)


@frozen
class Written:
    """Where a profile was written, and what others could read or enter before, and now cannot."""

    path: Path
    mended: tuple[Path, ...]


def read_profile(path: Path, name: str, *, missing_is_fine: bool = False) -> Mapping[str, str]:
    """Return what a profile holds; nothing if it is not there and that is fine.

    Raises `SettingsError` for a file that cannot be used, and for a profile that is not there.
    """
    parser = _read(path)
    if parser.has_section(name):
        return dict(parser.items(name))
    if missing_is_fine:
        return {}
    known = ", ".join(parser.sections()) or "none"
    raise SettingsError(f"{path} has no profile [{name}]; it has: {known}")


def profile_names(path: Path) -> list[str]:
    """Return the names of all profiles; none if there is no file.

    Raises `SettingsError` for a file that cannot be used.
    """
    return _read(path, missing_is_fine=True).sections()


def checked_name(name: str) -> str:
    """Return the name of a profile if the file can hold it. Raises `SettingsError`."""
    if name == configparser.DEFAULTSECT:
        raise SettingsError(f"{name!r} would hold for all profiles: give another name, such as 'default'")
    if not name or name != name.strip() or not name.isprintable() or set(name) & set("[]"):
        raise SettingsError(f"{name!r} cannot be the name of a profile: use letters, digits, '-' and '_'")
    return name


def write_profile(path: Path, name: str, profile: Profile) -> Written:
    """Add a profile to the file, or exchange the endpoint and the token of the one that is there.

    The file is replaced as a whole, a link to it stays one, and its folder is made if need be; from then on
    nobody else may read the one or enter the other. Raises `SettingsError` where that cannot be done.
    """
    checked_name(name)
    profile_names(path)  # raises for a file that is none
    problem = None
    try:
        text = _edited(path, name, profile)
        if text is not None:
            mended = _closed(path)
            _replace(path.resolve(), text)
            return Written(path, mended)
        problem = f"{path} is laid out in a way that is not understood: write [{name}] by hand"
    except OSError as error:
        problem = f"cannot write {path}: {error.strerror or error}"
    raise SettingsError(problem)


# The text ------------------------------------------------------------------------------------------------


@frozen
class _Text:
    """A text that holds tokens."""

    content: str = field(repr=False)


def with_profile(text: str, name: str, profile: Profile) -> str:
    """Return the text of a file with this profile in it, and all else as it was."""
    end = "\r\n" if "\r\n" in text else "\n"
    values: dict[str, str] = asdict(profile)
    lines = _LINE.findall(text)
    start = next((n for n, line in enumerate(lines) if _section(line) == name), None)
    if start is None:
        before = [text.rstrip("\r\n"), end * 2] if text.strip() else [text]
        return "".join((*before, f"[{name}]", end, *(_line(*value, end) for value in values.items())))
    stop = next((n for n in range(start + 1, len(lines)) if _section(lines[n]) is not None), len(lines))
    body = _exchanged(lines[start + 1 : stop], values, end)
    return "".join((*lines[:start], lines[start].rstrip("\r\n"), end, *body, *lines[stop:]))


def _section(line: str) -> str | None:
    found = configparser.ConfigParser.SECTCRE.match(line.rstrip())
    return found["header"] if found else None


def _key(line: str) -> str | None:
    found = _KEY.match(line)
    return found[1].lower() if found else None


def _line(key: str, value: str, end: str) -> str:
    return f"{key} = {value}{end}"


def _exchanged(lines: list[str], values: Mapping[str, str], end: str) -> Iterator[str]:
    """Yield the lines of a profile with these values: in the old ones' places, else at the top."""
    there = {_key(line) for line in lines}
    yield from (_line(key, value, end) for key, value in values.items() if key not in there)
    gone = False  # whether the last value was exchanged: then its further lines, which are indented, go too
    for line in lines:
        key = _key(line)
        if key is not None and key in values:
            gone = True
            yield _line(key, values[key], end)
        elif not (gone and line[0] in " \t" and line.strip()):
            gone = False
            yield line


def _edited(path: Path, name: str, profile: Profile) -> _Text | None:
    """Return the new text of the file; none if it would not say what it should, to who reads it then."""
    old = _content(path, missing_is_fine=True)
    new = with_profile(old, name, profile)
    try:
        before, after = _all_of(_parsed(old)), _all_of(_parsed(new))
    except configparser.Error:
        return None
    defaults = before[configparser.DEFAULTSECT]
    expected = before | {name: before.get(name, defaults) | asdict(profile)}
    return _Text(new) if after == expected else None


def _all_of(parser: configparser.ConfigParser) -> dict[str, dict[str, str]]:
    return {name: dict(section) for name, section in parser.items()}


# The file ------------------------------------------------------------------------------------------------


def _read(path: Path, *, missing_is_fine: bool = False) -> configparser.ConfigParser:
    problem = None
    try:
        return _parsed(_content(path, missing_is_fine=missing_is_fine))
    except FileNotFoundError:
        problem = f"there is no credentials file {path}: run 'sbtransfer configure'"
    except OSError as error:
        problem = (
            f"cannot read the credentials file {path}: {error.strerror or error}; see to its permissions"
        )
    except UnicodeDecodeError:
        problem = f"{path} is not a credentials file, since it is not UTF-8: {_TO_DO}"
    except configparser.Error as error:
        problem = f"{path} is not a credentials file{_place(error)}: {_TO_DO}"
    # Raised outside of the handlers: what the parser raises quotes a line, which may hold a token.
    raise SettingsError(problem)


def _place(error: configparser.Error) -> str:
    """Name the line that is wrong, and show nothing of it."""
    lines = getattr(error, "errors", None) or [(getattr(error, "lineno", None), "")]
    return f" (line {lines[0][0]})" if lines[0][0] else ""


def _content(path: Path, *, missing_is_fine: bool) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        if missing_is_fine:
            return ""
        raise


def _parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def _closed(path: Path) -> tuple[Path, ...]:
    """Make the file's folder, for its owner alone; return which of the two were open to others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = tuple(one for one in (path.parent, path) if one.exists() and one.stat().st_mode & _OTHERS)
    if path.parent in opened:
        path.parent.chmod(0o700)
    return opened


def _replace(path: Path, text: _Text) -> None:
    """Write a file that only its owner may read, wholly or not at all."""
    import tempfile  # takes a while, and few commands write here

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.content.encode())
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
