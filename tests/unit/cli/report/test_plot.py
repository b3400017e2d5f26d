import re
from xml.etree import ElementTree

from sbtransfer.cli.report.axis import Mark
from sbtransfer.cli.report.plot import HEIGHT, WIDTH, Axes, Band, Line, legend, lines, stack

AXES = Axes(
    top=10,
    y=[Mark(0, "0"), Mark(0.5, "5"), Mark(1, "10")],
    x=[Mark(0.25, "12:00", "12 Oct"), Mark(0.75, "13:00", "12 Oct")],
)


def parsed(plot: str) -> ElementTree.Element:
    return ElementTree.fromstring(plot.replace("<br>", "<br/>"))


def drawn(plot: str, name: str) -> str:
    (path,) = (path.get("d", "") for path in parsed(plot).iter("path") if path.get("class") == name)
    return path


def test_an_area_lies_between_its_lower_and_its_upper_values() -> None:
    path = drawn(stack([Band("done", "completed", [0, 0, 5], [0, 5, 10])], AXES, "Items"), "area completed")
    assert path == f"M0.0,300.0L500.0,150.0L{WIDTH}.0,0.0L{WIDTH}.0,150.0L500.0,{HEIGHT}.0L0.0,{HEIGHT}.0Z"


def test_an_area_begins_where_there_is_something() -> None:
    path = drawn(stack([Band("failed", "failed", [1, 2, 3, 4], [1, 2, 3, 5])], AXES, "Items"), "area failed")
    assert path.startswith("M666.7,210.0L1000.0,150.0L")


def test_what_is_nowhere_is_not_drawn() -> None:
    assert 'class="area' not in stack([Band("failed", "failed", [1, 2], [1, 2])], AXES, "Items")


def test_a_limit_is_drawn_across_the_lines() -> None:
    plot = lines([Line("calls", "calls", [0, 10])], AXES, "Limits", 5)
    assert drawn(plot, "line calls") == "M0.0,300.0L1000.0,0.0"
    assert drawn(plot, "limit") == "M0,150.0H1000"


def test_a_plot_says_what_it_shows_and_its_words_are_escaped() -> None:
    plot = stack([], AXES, 'a "<b>" & more')
    (svg,) = parsed(plot).iter("svg")
    assert (svg.get("role"), svg.get("aria-label")) == ("img", 'a "<b>" & more')


def test_marks_stand_at_their_places() -> None:
    plot = stack([], AXES, "Items")
    assert '<span style="bottom:50.00%">5</span>' in plot
    assert re.findall(r'left:([\d.]+)%">12:00<br>12 Oct', plot) == ["25.00"]
    assert plot.count('class="spare"') == 1


def test_a_legend_names_what_the_colours_mean() -> None:
    shown = legend([("a <b>", "completed")])
    assert shown == '<ul class="legend"><li><span class="key completed"></span>a &lt;b&gt;</li></ul>'
