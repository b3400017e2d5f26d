"""Templates for paths and locations: which are refused, and how the others are filled in."""

import pytest

from sbtransfer.errors import SettingsError
from sbtransfer.sources.template import Template

FIELDS = ("path", "name", "location")
VALUES = {"path": "2024/1.bam", "name": "1.bam", "location": "runs/2024/1.bam"}


def template(text: str) -> Template:
    return Template(text, "path", FIELDS)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{path}", "2024/1.bam"),
        ("{name}", "1.bam"),
        ("{location}", "runs/2024/1.bam"),
        ("archive/{path}", "archive/2024/1.bam"),
        ("{name}/{location}-{name}", "1.bam/runs/2024/1.bam-1.bam"),
        ("{{{name}}}", "{1.bam}"),
    ],
)
def test_fields_get_their_values(text: str, filled: str) -> None:
    assert template(text).filled(**VALUES) == filled


def test_braces_of_a_value_are_kept() -> None:
    assert template("x/{path}").filled(path="{name}", name="n", location="l") == "x/{name}"


@pytest.mark.parametrize(
    "text",
    [
        "{size}",
        "{path}/{id}",
        "{}",
        "{0}",
        "{Path}",
        "{ path }",
        # Format specifications and conversions.
        "{path:>10}",
        "{path:{name}}",
        "{name!r}",
        "{path!s:x}",
        # What would reach into a value.
        "{path.__class__}",
        "{path.upper}",
        "{path[0]}",
        "{name}{path.__init__.__globals__}",
    ],
)
def test_only_the_fields_themselves_may_be_used(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        template(text)
    assert str(caught.value) == f"path {text!r} may only use {{path}}, {{name}}, {{location}}"


@pytest.mark.parametrize("text", ["", "archive", "archive/1.bam", "{{path}}"])
def test_a_template_without_a_field_would_send_all_to_one_place(text: str) -> None:
    with pytest.raises(SettingsError, match="is the same for all"):
        template(text)


@pytest.mark.parametrize("text", ["{path", "path}", "{path}}", "{path!}", "{", "a}{b"])
def test_broken_braces(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^path .* cannot be read: "):
        template(text)


def test_fields_are_those_that_it_was_made_with() -> None:
    assert Template("{id}", "location", ("id",)).filled(id="5f1e") == "5f1e"
    with pytest.raises(SettingsError, match=r"^location '\{path\}' may only use \{id\}$"):
        Template("{path}", "location", ("id",))
