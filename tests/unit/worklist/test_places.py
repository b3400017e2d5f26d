from sbtransfer.worklist.places import Place, Problem, shown


def test_a_place_names_what_it_knows() -> None:
    assert str(Place("samples.csv")) == "samples.csv"
    assert str(Place("samples.csv", 17)) == "samples.csv, line 17"
    assert str(Place("samples.json", 17, 4)) == "samples.json, line 17, item 4"


def test_a_place_makes_the_error_for_the_whole_list() -> None:
    error = Place("samples.csv", 1).error("has no end")
    assert error.problems == ("samples.csv, line 1: has no end",)


def test_a_problem_names_the_part_of_the_row() -> None:
    place = Place("samples.csv", 17)
    assert str(Problem(place, "too few cells")) == "samples.csv, line 17: too few cells"
    assert str(Problem(place, "wrong", "column 'name'")) == "samples.csv, line 17, column 'name': wrong"


def test_long_values_are_shortened() -> None:
    assert shown("short") == "'short'"
    assert len(shown("x" * 1_000_000)) <= 82
