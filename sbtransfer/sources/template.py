"""Where a thing goes, given by a template such as `archive/{path}`."""

from __future__ import annotations

from string import Formatter

from attrs import frozen

from sbtransfer.errors import SettingsError


@frozen
class Template:
    """A text with fields in braces, of which only `fields` may be used; `what` it is for messages."""

    text: str
    what: str
    fields: tuple[str, ...]

    def __attrs_post_init__(self) -> None:
        try:
            used = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(self.text)]
        except ValueError as error:
            raise SettingsError(f"{self.what} {self.text!r} cannot be read: {error}") from None
        for name, spec, conversion in used:
            if name is not None and (name not in self.fields or spec or conversion):
                known = ", ".join(f"{{{field}}}" for field in self.fields)
                raise SettingsError(f"{self.what} {self.text!r} may only use {known}")
        if all(name is None for name, _, _ in used):
            raise SettingsError(f"{self.what} {self.text!r} is the same for all: use {{path}} or {{name}}")

    def filled(self, **values: str) -> str:
        """Return the text with the values in their places."""
        return self.text.format(**values)
