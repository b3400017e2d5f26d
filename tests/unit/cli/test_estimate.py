from sbtransfer.cli.estimate import Estimate, estimate, least
from sbtransfer.cli.options import Rate

REQUESTS, FILES = Rate(1000, 300), Rate(500, 300)


def test_what_fits_into_a_window_takes_no_time() -> None:
    assert [least(n, FILES) for n in (0, 1, 500, 501, 1000, 1001)] == [0, 0, 0, 300, 300, 600]


def test_imports_are_bound_by_requests_alone() -> None:
    assert estimate("import", 250_000, 2500, REQUESTS, FILES) == Estimate(
        calls=2500, looks=2500, seconds=1200, bound="requests"
    )
    assert estimate("export", 5000, 50, REQUESTS, FILES).bound is None


def test_drs_files_are_bound_by_their_own_limit() -> None:
    assert estimate("drs", 10_000, 100, REQUESTS, FILES) == Estimate(
        calls=100, looks=200, seconds=5700, bound="DRS files"
    )


def test_many_small_drs_calls_are_bound_by_requests() -> None:
    assert estimate("drs", 2000, 2000, Rate(100, 300), FILES).bound == "requests"
