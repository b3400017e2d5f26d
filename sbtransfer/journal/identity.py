"""What an item is, in bytes: the text from which it comes back as it was, and a digest to know it by.

The text is JSON with sorted keys, so that equal items have equal texts in every process.
"""

from __future__ import annotations

import json
import math
from hashlib import blake2b
from typing import Any

import orjson

from sbtransfer.items import DRSImport, Item, Kind, VolumeExport, VolumeImport
from sbtransfer.wire import flat

_KINDS: dict[Kind, type[Item]] = {one.kind: one for one in (VolumeImport, VolumeExport, DRSImport)}


class UncarriedRefError(ValueError):
    """A `ref` that cannot be written down so that it comes back equal."""


def digest(item: Item) -> bytes:
    """Return 16 bytes that tell one item from another, the same in every process.

    A `ref` counts where it can be written down; any other is left out.
    """
    try:
        return fingerprint(encode(item))
    except UncarriedRefError:
        document = _document(item)
        del document["ref"]
        return fingerprint(_text(document))


def fingerprint(text: bytes) -> bytes:
    """Return the digest of an item's text."""
    return blake2b(text, digest_size=16).digest()


def encode(item: Item) -> bytes:
    """Return an item's text; raises `UncarriedRefError`."""
    document = _document(item)
    if item.ref is not None:
        document["ref"] = _carried(item.ref)
    return _text(document)


def decode(text: str | bytes) -> Item:
    """Return the item of a text: equal to the one that was encoded.

    Only a tuple inside `metadata` or `properties` comes back as the list that the platform is sent.
    """
    document = orjson.loads(text)
    kind = _KINDS[document.pop("kind")]
    if "ref" in document:
        document["ref"] = _uncarried(document["ref"])
    return kind(**document)


def _document(item: Item) -> dict[str, Any]:
    document = flat(item)
    document["kind"] = item.kind
    return document


def _text(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


# The caller's own key ------------------------------------------------------------------------------------


def _carried(ref: object) -> Any:
    """Return what stands for a ref in JSON: itself, or its own JSON text for what orjson would not carry."""
    try:
        return ref if _is_plain(ref) else {"json": json.dumps(ref)}
    except RecursionError:
        raise UncarriedRefError("a tuple with so many others in it") from None


def _is_plain(ref: object) -> bool:
    """Whether orjson writes and reads a ref as it is; raises for what no JSON can carry.

    Types are compared exactly: of an enum, a named tuple or a NumPy number only the base would come back.
    """
    kind = type(ref)
    if kind is str:
        return str.isascii(ref) or _can_be_utf8(ref)  # type: ignore[arg-type]
    if kind is int:
        return -(2**63) <= ref < 2**63  # type: ignore[operator]
    if kind is float:
        return math.isfinite(ref)  # type: ignore[arg-type]
    if kind is tuple:
        return all([_is_plain(one) for one in ref])  # type: ignore[attr-defined]  # noqa: C419  all are checked
    if ref is None or kind is bool:
        return True
    raise UncarriedRefError(f"{kind.__module__}.{kind.__qualname__}")


def _can_be_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _uncarried(ref: Any) -> Any:
    return _as_tuples(json.loads(ref["json"]) if isinstance(ref, dict) else ref)


def _as_tuples(ref: Any) -> Any:
    return tuple(map(_as_tuples, ref)) if isinstance(ref, list) else ref
