"""Rows to items of one kind: the dialect's names, the defaults, and whose mistake it is if that fails."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from difflib import get_close_matches
from typing import Any, NoReturn, get_args

import attrs
import orjson
from attrs import frozen

from sbtransfer.errors import InvalidItemError, SettingsError, WorkListError
from sbtransfer.items import ITEM_TYPES, Kind
from sbtransfer.worklist.cells import promised, read_cell
from sbtransfer.worklist.dialects import RESULT_STATES, RESULTS, Dialect, recognise
from sbtransfer.worklist.places import Place, Problem, shown
from sbtransfer.worklist.rows import Header, Placed, Row

# They exclude each other: an item with one of its own is not given the other by default.
_DESTINATION = frozenset({"project", "parent"})
_CONTAINERS = frozenset({"metadata", "properties", "tags"})
_SHAPES = 1000  # rows of JSON may each have other names


@frozen
class _Shape:
    """What the names of a row tell: how it is written, a name that nobody knows, which cells are fields."""

    dialect: Dialect
    unknown: str | None
    own: tuple[str, ...]


class Builder:
    """Makes items of one kind; `defaults` fill in what a row does not give, `only` says which results.

    Raises `SettingsError` for defaults that no item of the kind could have, and for states that there are
    not.
    """

    def __init__(self, kind: Kind, defaults: Mapping[str, object], only: Collection[str] = ()) -> None:
        if kind not in ITEM_TYPES:
            raise SettingsError(f"a work list holds {' or '.join(get_args(Kind))}, not {kind!r}")
        self._kind = kind
        self._type = ITEM_TYPES[kind]
        fields = attrs.fields(self._type)
        self._fields = {field.name for field in fields}
        self._required = [field.name for field in fields if field.default is attrs.NOTHING]
        self._defaults = {name: value for name, value in defaults.items() if value is not None}
        self._only = frozenset(state.upper() for state in only)
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._check_defaults()
        if self._only - RESULT_STATES:
            raise SettingsError(f"only {' or '.join(sorted(RESULT_STATES))}, not {' or '.join(only)}")

    def check_header(self, header: Header) -> None:
        """Raise `WorkListError` for columns that are not known or that every row would miss."""
        dialect = self._dialect(header.place, header.names, tabular=True)
        unknown = {name: self._nearest(name) for name in header.names if not self._knows(dialect, name)}
        missing = self._missing(dialect, header.names)
        if "drs_uri" in missing:
            # Without that column nobody can tell which of the others were meant as metadata.
            unknown = {name: near for name, near in unknown.items() if near == "drs_uri"}
        reasons = [_unknown("column", name, near, self._fields) for name, near in unknown.items()]
        reasons += [reason for name, reason in missing.items() if name not in unknown.values()]
        if reasons:
            raise WorkListError([f"{header.place}: {reason}" for reason in reasons])

    def takes(self, row: Row) -> bool:
        """Whether a row is wanted: all of them are, but of a results file those in certain states."""
        if not self._only:
            return True
        self._shape(row)
        return "ALL" in self._only or row.values.get("state") in self._only

    def build(self, row: Row) -> Placed | Problem:
        """Return the row's item, or what is wrong with the row.

        Raises `WorkListError` for a row that shows that the whole list is of another kind.
        """
        shape = self._shape(row)
        if shape.unknown is not None:
            name = shape.unknown
            return Problem(row.place, _unknown(row.word, name, self._nearest(name), self._fields))
        try:
            return Placed(row.place, self._type(**self._with_defaults(self._given(row, shape))))
        except InvalidItemError as error:
            return Problem(row.place, error.reason, self._part(row, shape.dialect, error.field))

    def _shape(self, row: Row) -> _Shape:
        """Return what the names of a row tell; most rows of a list have the same."""
        names = tuple(row.values)
        if names not in self._shapes:
            dialect = self._dialect(row.place, names, tabular=row.tabular)
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
            unknown = next((name for name in names if not self._knows(dialect, name)), None)
            own = tuple(name for name in names if name not in dialect.also_metadata)
            self._shapes[names] = _Shape(dialect, unknown, own)
        return self._shapes[names]

    def _check_defaults(self) -> None:
        for name in self._defaults:
            if name not in self._fields:
                raise SettingsError(
                    f"no default can be given for {name!r}: {self._type.__name__} has no such field"
                )
        if self._defaults.keys() >= _DESTINATION:
            raise SettingsError("give a default project or a default parent, not both")

    def _dialect(self, place: Place, names: Iterable[str], *, tabular: bool) -> Dialect:
        dialect = recognise(frozenset(names), tabular=tabular)
        if dialect.is_drs and self._kind != "drs":
            raise place.error(f"this is a {dialect.title}: use drs-import for it, not {self._kind}")
        if (dialect is RESULTS) != bool(self._only):
            raise place.error(
                "only results files have states, and this is none: leave out --only"
                if self._only
                else "this is a results file: say which of its items with --only failed (or unconfirmed, all)"
            )
        return dialect

    def _knows(self, dialect: Dialect, name: str) -> bool:
        return dialect.has_metadata or name in self._fields or name in dialect.own

    def _nearest(self, name: str) -> str | None:
        return next(iter(get_close_matches(name.lower(), sorted(self._fields), n=1)), None)

    def _missing(self, dialect: Dialect, names: Iterable[str]) -> dict[str, str]:
        given = {*names, *self._defaults}
        missing = {
            name: f"no column {name!r} and no default for it: each item needs one"
            for name in self._required
            if not given & {name, dialect.columns.get(name, name)}
        }
        if self._fields >= _DESTINATION and not given & _DESTINATION:
            missing["project"] = "no column 'project' or 'parent': add one of them or give a default project"
        return missing

    def _given(self, row: Row, shape: _Shape) -> dict[str, Any]:
        dialect = shape.dialect
        given = self._cells(row.values, shape.own) if row.tabular else _not_null(row.values)
        fields = dialect.fields(given)
        metadata: dict[str, Any] = {}
        if row.tabular and dialect.also_metadata:
            # A manifest's own columns are the file's metadata, word for word, whatever else they tell us.
            metadata = _not_blank(row.values, dialect.also_metadata)
            fields |= _not_null({name: promised(name, text) for name, text in metadata.items()})
        for name, value in given.items():
            if name in self._fields:
                fields[name] = value
            elif name not in dialect.own:
                metadata[name] = value
        if metadata:
            fields["metadata"] = self._merged(fields.get("metadata", {}), metadata)
        for name, value in fields.items():
            self._check_value(name, value)
        return fields

    def _cells(self, values: Mapping[str, str], own: Iterable[str]) -> dict[str, Any]:
        return {name: self._cell(name, values[name]) for name in own if values[name].strip()}

    def _cell(self, name: str, text: str) -> Any:
        if name not in self._fields:
            return text
        try:
            return read_cell(name, text)
        except ValueError as error:
            self._fail(name, str(error))

    def _merged(self, metadata: Any, further: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(metadata, Mapping):
            self._fail("metadata", f"must map names to values, not {shown(metadata)}")
        return {**metadata, **further}

    def _check_value(self, name: str, value: object) -> None:
        """Refuse what JSON can hold and an item cannot, and a ref that could not be written down."""
        if name not in _CONTAINERS and isinstance(value, dict | list):
            self._fail(name, "must be a single value, not a list or an object")
        if name == "ref":
            try:
                orjson.dumps(value)
            except TypeError as error:  # a lone surrogate, a number of more than 64 bits
                self._fail(name, f"cannot be sent as JSON: {error}")

    def _with_defaults(self, fields: dict[str, Any]) -> dict[str, Any]:
        own_destination = not _DESTINATION.isdisjoint(fields)
        for name, value in self._defaults.items():
            if not (own_destination and name in _DESTINATION):
                fields.setdefault(name, value)
        for name in self._required:
            if name not in fields:
                self._fail(name, "is missing: each item needs it")
        return fields

    def _part(self, row: Row, dialect: Dialect, field: str) -> str:
        for name in (field, dialect.columns.get(field, field)):
            if name in row.values:
                return f"{row.word} {shown(name)}"
        return f"default {field!r}" if field in self._defaults else f"field {field!r}"

    def _fail(self, field: str, reason: str) -> NoReturn:
        raise InvalidItemError(self._type.__name__, field, reason)


def _unknown(word: str, name: str, near: str | None, fields: Iterable[str]) -> str:
    advice = f"did you mean {near!r}?" if near else f"use one of {', '.join(sorted(fields))}"
    return f"unknown {word} {shown(name)}: {advice}"


def _not_blank(values: Mapping[str, str], names: Set[str]) -> dict[str, str]:
    return {name: text for name, text in values.items() if name in names and text.strip()}


def _not_null(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
