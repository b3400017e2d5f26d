import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sbtransfer.cli.report.facts import facts_of
from sbtransfer.cli.report.page import page_of
from sbtransfer.cli.report.read import Reading, read
from sbtransfer.models import ErrorRecord, Outcome
from tests.support import a_drs, an_import
from tests.unit.cli.journals import LIST, make_journal
from tests.unit.cli.report.outcomes import completed, failed, lost, tallied

EVIL = "</p><script>alert(1)</script><img src=x onerror='alert(2)'> & \"quoted\" $name ${style}\x1b\u202e"
VOID = {"meta", "br"}


class Seen(HTMLParser):
    """What a browser would see: the tags with their attributes, and the text; `open` tags were not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(*outcomes: Outcome) -> str:
    reading = Reading(Path("out.csv"), tallied(outcomes))
    return page_of(facts_of(reading), reading.tally)


SOME = [*(completed(n, n) for n in range(40)), *(failed(n, submitted=n) for n in range(40, 50)), lost(50)]


def test_the_page_has_all_parts() -> None:
    seen = Seen(page(*SOME))
    assert seen.open == []
    for part in (
        "40 completed + 10 failed + 1 unconfirmed + 0 unfinished = 51 read",
        "Object … does not exist.",
        "Object 'runs/42' does not exist.",
        "index 40, rosa/input runs/40",
        "sbtransfer import --only failed out.csv",
        "create calls: at most 50 of 1,000",
        "completed an hour",
        "job-9",
        "Made on 2",
    ):
        assert part in seen.text
    tags = [tag for tag, _ in seen.tags]
    assert tags.count("svg") == 2
    assert tags.count("title") == 1
    assert ("html", {"lang": "en"}) in seen.tags
    assert all(given.get("aria-label") for tag, given in seen.tags if tag == "svg")


def test_the_page_needs_nothing_but_itself() -> None:
    text = page(*SOME)
    seen = Seen(text)
    assert not {tag for tag, _ in seen.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not {name for _, given in seen.tags for name in given} & {"src", "href", "srcset", "action"}
    assert not re.search(r"url\(|@import|https?:", text)
    policy = {given.get("content") for _, given in seen.tags if given.get("http-equiv")}
    assert policy == {"default-src 'none'; style-src 'unsafe-inline'"}


def test_words_of_others_stay_words(tmp_path: Path) -> None:
    items = [a_drs(f"drs://{EVIL.replace(chr(27), '')}", ref=EVIL, name="a"), an_import("<i>a</i>")]
    outcomes = [
        failed(0, item=items[0], job_id=EVIL, error=ErrorRecord(404, EVIL, EVIL)),
        completed(1, item=items[1], job_id="<u>"),
    ]
    seen, harmless = Seen(page(*outcomes)), Seen(page(failed(0, "a"), completed(1)))
    assert seen.open == []
    assert {tag for tag, _ in seen.tags} == {tag for tag, _ in harmless.tags}
    assert not any(name.startswith("on") for _, given in seen.tags for name in given)
    assert "</p><script>alert(1)</script>" in seen.text
    assert "$name ${style}" in seen.text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e\ud800-\udfff]", seen.text)


def test_names_of_lists_and_journals_stay_words_too(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "<b>j", bad=1, source=LIST | {"path": "/lists/<b>&.csv"})
    reading = read(path, 3)
    text = page_of(facts_of(reading), reading.tally)
    assert "<b>j" not in text
    assert "<title>&lt;b&gt;&amp;.csv: import at https://api.example.org/v2 as rosa" in text
    assert Seen(text).open == []


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ([], "Nothing can be drawn"),
        ([completed(0, submitted_on=None)], "No job times are known."),
        ([completed()], "Every item that has ended was completed."),
        ([failed(0, finished_on=None)], "No job times are known."),
    ],
)
def test_a_page_of_little_is_a_page(outcomes: list[Outcome], said: str) -> None:
    seen = Seen(page(*outcomes))
    assert seen.open == []
    assert said in seen.text


def test_colours_are_told_for_both_schemes() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page(), re.DOTALL)
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    names = re.compile(r"(--\w+): (#\w{6});")
    assert names.findall(light) != names.findall(dark)
    assert [name for name, _ in names.findall(light)] == [name for name, _ in names.findall(dark)]
    for scheme in (dict(names.findall(light)), dict(names.findall(dark))):
        for ink in ("--ink", "--soft"):
            for ground in ("--paper", "--panel"):
                assert contrast(scheme[ink], scheme[ground]) >= 7
        for series in ("--completed", "--failed", "--unconfirmed", "--calls", "--files", "--limit"):
            assert contrast(scheme[series], scheme["--paper"]) >= 3


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it."""
    lower, higher = sorted((luminance(one), luminance(other)))
    return (higher + 0.05) / (lower + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
