"""Items as text, back as they were, and known by their digest."""

import subprocess
import sys
from enum import StrEnum
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from sbtransfer.items import Item
from sbtransfer.journal.identity import UncarriedRefError, decode, digest, encode
from tests.properties.test_wire_properties import drs, exports, imports
from tests.support import a_drs, an_export, an_import


class Word(StrEnum):
    A = "a"


class Pair(NamedTuple):
    left: int
    right: int


scalars = st.none() | st.text(st.characters()) | st.integers() | st.booleans() | st.floats(allow_nan=False)
carried = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type: 1, 1.0 and True are equal to Python."""
    if isinstance(one, tuple):
        return type(other) is tuple and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@settings(max_examples=300, deadline=None)
@given(st.one_of(imports, exports, drs))
def test_an_item_comes_back_equal(item: Item) -> None:
    back = decode(encode(item))
    assert back == item
    assert type(back) is type(item)
    assert digest(back) == digest(item)


@settings(max_examples=300, deadline=None)
@given(carried)
def test_a_ref_comes_back_exactly(ref: Any) -> None:
    assert same(decode(encode(an_import(ref=ref))).ref, ref)


@pytest.mark.parametrize(
    "ref",
    [
        2**64,
        -(2**63),
        2**63,
        1e308,
        float("inf"),
        -0.0,
        "\ud800",
        "\x00",
        "ü",
        (),
        ((),),
        (1, ("a", None, True)),
    ],
)
def test_refs_at_the_edges_come_back_exactly(ref: Any) -> None:
    assert same(decode(encode(an_import(ref=ref))).ref, ref)


@pytest.mark.parametrize(
    "ref", [b"bytes", frozenset(), Word.A, Pair(1, 2), (1, (2, b"")), (2**70, object()), range(3), 1j]
)
def test_other_refs_are_refused_and_leave_the_digest_alone(ref: Any) -> None:
    with pytest.raises(UncarriedRefError):
        encode(an_import(ref=ref))
    assert digest(an_import(ref=ref)) == digest(an_import())


def test_a_ref_without_a_bottom_is_refused() -> None:
    ref: Any = ()
    for _ in range(100_000):
        ref = (ref,)
    with pytest.raises(UncarriedRefError, match="so many"):
        encode(an_import(ref=ref))


def test_a_tuple_inside_metadata_is_what_the_platform_is_sent() -> None:
    assert decode(encode(a_drs(metadata={"a": (1, 2)}))) == a_drs(metadata={"a": [1, 2]})


def test_a_digest_tells_apart_what_differs() -> None:
    different: list[Item] = [
        an_import(),
        an_import(ref=1),
        an_import(ref=1.0),
        an_import(ref=True),
        an_import(ref="1"),
        an_import(ref=(1,)),
        an_import(overwrite=True),
        an_import("other"),
        an_export(),
        a_drs(),
        a_drs(tags=("a", "b")),
        a_drs(tags=("b", "a")),
    ]
    assert len({digest(item) for item in different}) == len(different)
    assert {len(digest(item)) for item in different} == {16}


def test_the_order_of_names_does_not_count() -> None:
    assert digest(a_drs(metadata={"a": 1, "b": 2})) == digest(a_drs(metadata={"b": 2, "a": 1}))


def test_a_digest_is_the_same_in_every_process() -> None:
    program = (
        "from sbtransfer.journal import digest\nfrom tests.support import an_import\n"
        "print(digest(an_import(ref=('a', 1))).hex())"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == digest(an_import(ref=("a", 1))).hex()
