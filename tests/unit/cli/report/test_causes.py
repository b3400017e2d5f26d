import pytest
from attrs import evolve

from sbtransfer.cli.report.causes import NO_REASON, Cause, Causes, cause_of, message_of, without_differences
from sbtransfer.models import ErrorRecord, OutcomeState
from tests.support import a_drs, an_import
from tests.unit.cli.report.outcomes import failed, lost


@pytest.mark.parametrize(
    ("message", "common"),
    [
        ("Volume 'rosa/input' does not exist.", "Volume … does not exist."),
        ("File \"a b.gz\" isn't there, and won't be", "File … isn't there, and won't be"),
        ("\u201ca b\u201d and \u2018c d\u2019 and `e f` differ", "… and … and … differ"),
        ("Object runs/2/a.gz is gone", "Object … is gone"),
        ("drs://dg.4DFC:07ef-1 cannot be resolved (https://x.org/a?b=1)", "… cannot be resolved (…)"),
        ("job 5f1e0c2a9d failed after 31 tries", "job … failed after … tries"),
        ("deadbeefcafe is no id", "… is no id"),
        ("sample-7.bam: 12,345 bytes instead of 12", "…: … bytes instead of …"),
        ("report.tar.gz is taken on data.example.org.", "… is taken on …."),
        ("the md5 of S3 objects", "the md5 of S3 objects"),
        ("Access denied.", "Access denied."),
        ("", ""),
    ],
)
def test_what_differs_from_item_to_item_is_taken_out(message: str, common: str) -> None:
    assert without_differences(message) == common


def test_lists_of_any_length_are_the_same() -> None:
    assert without_differences("taken: 'a'") == without_differences("taken: 'a', 'b', 'c'") == "taken: …"


def test_what_an_item_has_of_its_own_is_taken_out_wherever_it_stands() -> None:
    item = an_import("all my runs/x y", name="the result")
    outcome = failed(0, "all my runs/x y cannot become the result of rosa/study", item=item)
    assert cause_of(outcome).message == "… cannot become … of …"


def test_a_name_that_is_a_word_of_the_message_stays() -> None:
    one = failed(0, "the file is gone", item=an_import("a/1", name="file"))
    other = failed(1, "the file is gone", item=an_import("a/2", name="gone"))
    assert cause_of(one) == cause_of(other) == Cause(OutcomeState.FAILED, 9004, "the file is gone")


def test_the_code_and_the_state_tell_causes_apart() -> None:
    outcomes = [failed(), failed(code=1), lost(), lost(error=ErrorRecord(message="no answer came"))]
    assert len({cause_of(outcome) for outcome in outcomes}) == 4


def test_a_message_is_one_line_and_bounded() -> None:
    assert message_of(failed(0, "a\n  b\tc")) == "a b c"
    assert len(message_of(failed(0, "x" * 1_000_000))) == 2000
    for nothing in (None, ErrorRecord(), ErrorRecord(code=7, message=" ")):
        assert message_of(evolve(failed(), error=nothing)) == NO_REASON


def test_the_largest_group_comes_first_with_the_first_items_of_the_list() -> None:
    causes = Causes(examples=2)
    for index in (9, 3, 7, 1):
        causes.add(failed(index))
    causes.add(failed(0, "denied", item=a_drs(ref=("s", 1))))
    first, second = causes.most_frequent(20)
    assert (first.items, [example.index for example in first.examples]) == (4, [1, 3])
    assert first.cause.message == "Object … does not exist."
    assert first.examples[0].message == "Object 'runs/1' does not exist."
    assert (first.examples[0].subject, first.examples[0].ref) == ("rosa/input runs/1", None)
    assert second.examples[0].ref == "('s', 1)"
    assert causes.items == 5


def test_examples_can_be_left_out() -> None:
    causes = Causes(examples=0)
    causes.add(failed())
    assert causes.most_frequent(1)[0].examples == []


def test_equally_frequent_causes_come_in_the_same_order_whatever_the_order_of_items() -> None:
    outcomes = [failed(0, "b"), failed(1, "a"), lost(2)]
    orders = []
    for order in (outcomes, outcomes[::-1]):
        causes = Causes()
        for outcome in order:
            causes.add(outcome)
        orders.append([group.cause for group in causes.most_frequent(20)])
    assert orders[0] == orders[1]


def test_messages_that_always_differ_do_not_fill_the_memory() -> None:
    causes = Causes(tracked=10)
    words = ["".join(chr(97 + int(digit)) for digit in f"{number:03}") for number in range(500)]
    for number, word in enumerate(words):
        causes.add(failed(number, f"never {word}"))
        causes.add(failed(number, "often"))
    assert len(causes) <= 21
    assert causes.items == 1000
    assert causes.most_frequent(1)[0].items == 500
