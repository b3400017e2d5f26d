"""What goes wrong and when: rates, seeds, and which kinds a call can meet. Nothing is sent here."""

from collections import Counter

import pytest

from sbtransfer.simulator import FaultKind, Faults, Request, is_create
from sbtransfer.simulator.faults import RATED, Fault

BULK_CREATES = [
    Request("POST", f"/bulk/{kind}/create") for kind in ("storage/imports", "storage/exports", "drs/imports")
]
SINGLE_CREATES = [Request("POST", path) for path in ("/storage/imports", "/storage/exports", "/files")]
CREATES = [*BULK_CREATES, *SINGLE_CREATES]
BULK_GETS = [Request("POST", f"/bulk/{kind}/get") for kind in ("storage/imports", "storage/exports", "files")]
DRS_JOB = Request("GET", "/bulk/drs/imports/abc")
VOLUME = "/storage/volumes/rfranklin/input"
OBJECTS = [
    *(Request("GET", f"/{kind}/abc") for kind in ("files", "storage/imports", "storage/exports")),
    *(Request("GET", path) for path in ("/projects/rfranklin/archive", VOLUME, f"{VOLUME}/object")),
]
FILE_LISTS = ["/files", "/files/scroll", "/files/abc/list", "/files/abc/scroll"]
JOB_LISTS = ["/storage/imports", "/storage/exports"]
HOME_LISTS = ["/projects", "/projects/", "/projects/rfranklin", "/storage/volumes", f"{VOLUME}/list"]
LISTS = [Request("GET", path) for path in (*FILE_LISTS, *JOB_LISTS, *HOME_LISTS)]
USER, RATE_LIMIT = Request("GET", "/user"), Request("GET", "/rate_limit")
CALLS = [*CREATES, *BULK_GETS, DRS_JOB, *OBJECTS, *LISTS, USER, RATE_LIMIT]

NOT_EVERYWHERE = {
    FaultKind.TOO_MANY: [call for call in CALLS if call is not RATE_LIMIT],
    FaultKind.EMPTY: [*CREATES, *BULK_GETS, DRS_JOB, *OBJECTS],
    FaultKind.MISSING: [*BULK_CREATES, *BULK_GETS, DRS_JOB],
    FaultKind.REORDERED: [*BULK_CREATES, *BULK_GETS, DRS_JOB],
}


def drawn(faults: Faults, count: int, call: Request = CREATES[0]) -> list[Fault | None]:
    return [faults.draw(call) for _ in range(count)]


@pytest.mark.parametrize("kind", RATED)
def test_a_kind_meets_the_calls_for_which_it_makes_sense(kind: FaultKind) -> None:
    faults = Faults({kind: 1.0})
    assert [call for call in CALLS if faults.draw(call)] == NOT_EVERYWHERE.get(kind, CALLS)


def test_lists_are_never_damaged() -> None:
    faults = Faults({"empty": 0.4, "missing": 0.3, "reordered": 0.3})
    assert {fault for call in LISTS for fault in drawn(faults, 100, call)} == {None}


def test_late_is_for_creates_and_no_answer_for_what_is_read() -> None:
    faults = Faults({"late": 1.0})
    kinds = [(call, fault.kind) for call in CALLS if (fault := faults.draw(call))]
    assert [call for call, kind in kinds if kind == "late"] == CREATES
    assert {kind for _, kind in kinds} == {FaultKind.LATE, FaultKind.NO_ANSWER}


def test_what_only_reads_and_what_is_unknown_creates_nothing() -> None:
    unknown = [Request("POST", "/bulk/nothing/create"), Request("GET", "/bulk/drs/imports/create")]
    assert not any(map(is_create, [*BULK_GETS, DRS_JOB, *OBJECTS, *LISTS, USER, *unknown]))


@pytest.mark.parametrize(
    ("kinds", "works"),
    [
        (("refused", "reset-before", "429", "maintenance", "503"), {False}),
        (("reset-after", "late", "gateway", "truncated", "missing", "reordered", "slow"), {True}),
        (("no-answer", "html-500", "html-502", "html-504", "empty"), {True, False}),
    ],
)
def test_the_work_is_done_or_not_as_the_kind_says(kinds: tuple[str, ...], works: set[bool]) -> None:
    for kind in kinds:
        assert {fault.works for fault in drawn(Faults({kind: 1.0}), 50) if fault} == works


def test_the_same_seed_gives_the_same_faults() -> None:
    def sequence(seed: int) -> list[Fault | None]:
        return drawn(Faults({"all": 0.5}, seed), 300)

    assert sequence(1) == sequence(1)
    assert sequence(1) != sequence(2)


def test_what_one_call_meets_does_not_change_the_luck_of_the_next() -> None:
    passed, met = Faults({"429": 0.5}, 3), Faults({"429": 0.5}, 3)
    drawn(passed, 20, RATE_LIMIT)  # lets all of them pass
    drawn(met, 20)
    assert drawn(passed, 50) == drawn(met, 50)


def test_a_rate_is_the_share_of_the_calls() -> None:
    seen = Counter(fault.kind for fault in drawn(Faults({"late": 0.3, "slow": 0.1}), 10_000) if fault)
    assert seen.keys() == {"late", "slow"}
    assert seen[FaultKind.LATE] == pytest.approx(3000, rel=0.1)
    assert seen[FaultKind.SLOW] == pytest.approx(1000, rel=0.1)


def test_all_spreads_its_rate_evenly_and_a_kinds_own_rate_stands_above_it() -> None:
    assert Faults({"all": 0.17}).rates == pytest.approx(dict.fromkeys(RATED, 0.01))
    rates = Faults({"all": 0.17, "late": 0.5}).rates
    assert rates[FaultKind.LATE] == 0.5
    assert rates[FaultKind.SLOW] == pytest.approx(0.01)
    assert {fault.kind for fault in drawn(Faults({"all": 1.0}), 2000) if fault} == set(RATED)


def test_without_rates_nothing_goes_wrong() -> None:
    assert set(drawn(Faults({}), 100)) == {None}


def test_only_picks_the_calls_that_may_go_wrong() -> None:
    faults = Faults({"reset-after": 1.0}, only=is_create)
    assert [call for call in CALLS if faults.draw(call)] == CREATES


def test_late_work_and_slow_answers_have_a_longest_time() -> None:
    late = [fault.seconds for fault in drawn(Faults({"late": 1.0}), 2000) if fault]
    slow = [fault.seconds for fault in drawn(Faults({"slow": 1.0}), 2000) if fault]
    assert 0 < min(late) < 1
    assert 89 < max(late) <= 90
    assert 0 < min(slow) < 1
    assert max(slow) == 20
    assert sum(seconds < 3 for seconds in slow) == pytest.approx(1000, rel=0.1)
    sooner = Faults({"late": 0.5, "slow": 0.5}, latest=2, slowest=1)
    assert max(fault.seconds for fault in drawn(sooner, 500) if fault) <= 2


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ({"lost": 0.1}, "'lost' is no fault: choose from 429, 503, all, empty, gateway, .* or revoked=N"),
        ({"revoked": 0.1}, "'revoked' is no fault"),
        ({"late": 0}, "the rate of 'late' must be above 0 and at most 1, not 0"),
        ({"all": 1.1}, "the rate of 'all' must be"),
        ({"slow": float("nan")}, "not nan"),
        ({"slow": 0.7, "late": 0.7}, "add up to 1.4"),
    ],
)
def test_rates_that_cannot_be(rates: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Faults(rates)


def test_words_are_read_as_the_command_line_gives_them() -> None:
    faults = Faults.parse("late=0.2", "429", "slow=0.1", "slow=0.3", "revoked=100", seed=7)
    assert faults.rates == {"late": 0.2, "429": 0.05, "slow": 0.3}
    assert (faults.revoked_after, faults.seed) == (100, 7)
    assert str(faults) == "late=0.2, 429=0.05, slow=0.3, revoked=100"
    assert Faults.parse("all").rates == Faults({"all": 0.05}).rates


@pytest.mark.parametrize("text", ["late=", "late=often", "revoked", "revoked=0.5", "revoked=-1", "", "=1"])
def test_words_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a number|takes a number|no fault"):
        Faults.parse(text)
