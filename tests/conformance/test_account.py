from datetime import datetime

from sbtransfer.simulator import Platform
from tests.conformance.official import AT_ONCE, Connect, Official, fetched_for


def test_the_owner_of_the_token_is_known(api: Official) -> None:
    me = api.users.me()
    assert me.username == "rfranklin"
    assert api.users.get(me).email == me.email


def test_an_oauth_token_is_taken_too(connect: Connect, platform: Platform) -> None:
    api = connect(platform, token=None, oauth_token=platform.token)
    assert api.users.me().username == "rfranklin"


def test_no_field_of_a_user_has_to_be_asked_for_again(api: Official, platform: Platform) -> None:
    assert fetched_for(api.users.me(), platform) == []


def test_the_client_reads_the_limit_off_the_headers(connect: Connect) -> None:
    api = connect(Platform(durations=AT_ONCE, start=1_700_000_000.0, requests_period=1e9))
    assert (api.limit, api.remaining) == (1000, 1000)
    api.users.me()
    assert api.remaining == 999
    assert api.reset_time == datetime.fromtimestamp(2_700_000_000)


def test_the_limit_is_told_in_an_answer_of_its_own(api: Official) -> None:
    api.users.me()
    # Its `reset` is a number, as documented, which the client cannot show.
    rate = api.rate_limit.get().rate
    assert (rate.limit, rate.remaining) == (1000, 999)


def test_answers_have_ids(api: Official) -> None:
    api.users.me()
    first = api.request_id
    api.users.me()
    assert first
    assert api.request_id not in ("", first)
