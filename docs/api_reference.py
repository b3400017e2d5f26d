"""Sphinx: docstrings as they are written in the source, with code between single backticks, made into links.

A name of the front door becomes a link to where it is described; all else becomes code. Bases of classes are
shown under the names that users import them by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config


PUBLIC = ("sbtransfer", "sbtransfer.cluster", "sbtransfer.testing", "sbtransfer.blocking", "sbtransfer.otel")
"""The modules whose names are for users; a later one never takes a name of an earlier one."""

SETTINGS = {
    "add_module_names": False,
    "autodoc_member_order": "bysource",
    "autodoc_typehints_format": "short",
    "python_maximum_signature_line_length": 88,
    "python_use_unqualified_type_names": True,
}

_CODE = re.compile(r"(?<!`)`(?!`)([^`]+)`(?!`)(?=(\w)?)")


def front_door() -> dict[str, str]:
    """Return all public names with the paths that users import them by."""
    paths: dict[str, str] = {}
    for module in map(_there, PUBLIC):
        if module is not None:
            paths = {name: f"{module.__name__}.{name}" for name in _names(module)} | paths
    return paths


def _names(module: ModuleType) -> list[str]:
    its_own = (name for name, thing in vars(module).items() if _home(thing) == module.__name__)
    return getattr(module, "__all__", None) or [name for name in its_own if not name.startswith("_")]


def _home(thing: object) -> str | None:
    return getattr(thing, "__module__", None)


def _there(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ModuleNotFoundError:  # it belongs to an extra that is not installed
        return None


def as_rst(text: str, paths: Mapping[str, str]) -> str:
    """Return a docstring as Sphinx reads it: code as links where it is a public name, else as code."""

    def marked(code: re.Match[str]) -> str:
        name, rest = code[1].partition("(")[0], r"\ " if code[2] else ""
        owner, _, attribute = name.partition(".")
        if owner in paths and owner[0].isupper():  # `transfer` may be that of the client, or another
            target = ".".join(filter(None, (paths[owner], attribute)))
            return f":py:obj:`{code[1]} <{target}>`{rest}"
        return f"``{code[1]}``{rest}"

    return _CODE.sub(marked, text)


def _read_docstring(_app: Sphinx, _what: str, _name: str, _of: Any, _options: Any, lines: list[str]) -> None:
    lines[:] = as_rst("\n".join(lines), front_door()).splitlines()


def _name_bases(_app: Sphinx, _name: str, _of: Any, _options: Any, bases: list[Any]) -> None:
    paths = front_door()
    bases[:] = [
        f":py:obj:`{base.__name__} <{paths[base.__name__]}>`" if base.__name__ in paths else base
        for base in bases
    ]


def _sign(
    _app: Sphinx, _what: str, _name: str, _of: Any, _options: Any, arguments: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    # What a value is made of anew each time has no short form of its own.
    return arguments and arguments.replace("= NOTHING", "= ..."), returns


def _find(app: Sphinx, env: Any, node: Any, shown: Any) -> Any:
    """Lead to where users import a name from; what is described elsewhere is no link, and no mistake."""
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py" or target in front_door().values():
        return None
    *_, owner, name = ("", *target.split("."))
    path = front_door().get(name) or f"{front_door().get(owner, owner)}.{name}"
    found = env.get_domain("py").resolve_xref(env, node["refdoc"], app.builder, "obj", path, node, shown)
    written_here = node["reftype"] == "obj" and target.startswith("sbtransfer.")
    return found or (None if written_here else shown)


def _set(_app: Sphinx, config: Config) -> None:
    for name, value in SETTINGS.items():
        if name in config:
            config[name] = value


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up autodoc with it."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("config-inited", _set)
    app.connect("autodoc-process-docstring", _read_docstring)
    app.connect("autodoc-process-signature", _sign)
    app.connect("missing-reference", _find)
    app.connect("autodoc-process-bases", _name_bases)
    return {"parallel_read_safe": True}
