from sbtransfer.cluster.outbox import Outbox, Spend
from sbtransfer.cluster.tokens import Word


def test_spends_of_one_moment_are_one_and_count_from_its_end() -> None:
    outbox = Outbox(1.0)
    for amount, when in ((1, 10.0), (2, 10.5), (4, 11.0), (8, 11.25)):
        outbox.note(amount, when)
    assert outbox.spent == [Spend(7, 10.0, 11.0), Spend(8, 11.25, 11.25)]
    assert outbox.since == 10.0


def test_a_spend_of_long_ago_is_one_of_its_own() -> None:
    outbox = Outbox(1.0)
    outbox.note(1, 10.0)
    outbox.note(2, 9.5)
    assert outbox.spent == [Spend(1, 10.0, 10.0), Spend(2, 9.5, 9.5)]


def test_what_could_not_be_told_stays_before_what_came_since() -> None:
    outbox = Outbox(1.0)
    assert outbox.since == float("inf")
    outbox.note(1, 10.0)
    spent = outbox.take()
    assert outbox.spent == []
    outbox.note(2, 10.5)
    outbox.put_back(spent)
    assert [spend.amount for spend in outbox.spent] == [1, 2]


def test_the_newest_word_counts() -> None:
    outbox = Outbox(1.0)
    assert outbox.hear(40, 1.0, 100.0)
    assert outbox.hear(50, 1.0, 90.0)
    assert outbox.said == Word(40, 1.0, 90.0)
    assert outbox.hear(60, 2.0, 300.0)
    assert not outbox.hear(10, 1.0, 100.0)
    assert outbox.said == Word(60, 2.0, 300.0)


def test_a_word_is_told_once_unless_there_is_a_newer_one() -> None:
    outbox = Outbox(1.0)
    outbox.hear(40, 1.0, 100.0)
    told = outbox.said
    outbox.hear(30, 1.0, 100.0)
    outbox.told(told)
    newer = outbox.said
    assert newer == Word(30, 1.0, 100.0)
    outbox.told(newer)
    # What is over stays over.
    assert not outbox.hear(5, 0.5, 100.0)
    assert outbox.said is None
