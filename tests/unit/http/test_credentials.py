import asyncio
from itertools import count

import pytest

from sbtransfer.errors import SettingsError
from sbtransfer.http.credentials import Credentials
from sbtransfer.simulator.clock import run
from tests.support import given_away

TOKEN = "0123456789abcdef0123456789abcdef"


class Source:
    """A service that gives a new token each time it is asked, after a while."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = iter(tokens) if tokens else (f"token-{number}" for number in count(1))
        self.asked = 0

    async def __call__(self) -> str:
        self.asked += 1
        await asyncio.sleep(2)
        return next(self.tokens)


def test_a_platform_token_and_an_oauth_token() -> None:
    async def main() -> None:
        assert await Credentials(TOKEN).headers() == {"X-SBG-Auth-Token": TOKEN}
        assert await Credentials("Bearer abc").headers() == {"Authorization": "Bearer abc"}

    run(main())


def test_a_string_is_all_there_is() -> None:
    async def main() -> None:
        credentials = Credentials(TOKEN)
        assert not await credentials.renew(await credentials.headers())
        assert await credentials.headers() == {"X-SBG-Auth-Token": TOKEN}

    run(main())


def test_a_callable_is_asked_once_for_all_who_need_it() -> None:
    async def main() -> None:
        source = Source()
        credentials = Credentials(source)
        headers = await asyncio.gather(*(credentials.headers() for _ in range(20)))
        assert headers == [{"X-SBG-Auth-Token": "token-1"}] * 20
        assert await credentials.headers() == headers[0]
        assert source.asked == 1

    run(main())


def test_a_refused_token_is_renewed_once_for_all_who_were_refused() -> None:
    async def main() -> None:
        source = Source()
        credentials = Credentials(source)
        refused = await credentials.headers()
        assert await asyncio.gather(*(credentials.renew(refused) for _ in range(20))) == [True] * 20
        assert await credentials.headers() == {"X-SBG-Auth-Token": "token-2"}
        assert source.asked == 2

    run(main())


def test_a_late_refusal_of_an_old_token_asks_nobody() -> None:
    async def main() -> None:
        source = Source()
        credentials = Credentials(source)
        old = await credentials.headers()
        await credentials.renew(old)
        assert await credentials.renew(old)
        assert source.asked == 2

    run(main())


def test_the_same_token_again_is_not_worth_trying() -> None:
    async def main() -> None:
        source = Source("Bearer a", "Bearer a", "Bearer b")
        credentials = Credentials(source)
        refused = await credentials.headers()
        assert not await credentials.renew(refused)
        assert await credentials.renew(refused)
        assert await credentials.headers() == {"Authorization": "Bearer b"}

    run(main())


def test_who_is_cancelled_while_asking_leaves_it_to_the_next() -> None:
    async def main() -> None:
        source = Source()
        credentials = Credentials(source)
        first, second = (asyncio.create_task(credentials.headers()) for _ in range(2))
        await asyncio.sleep(1)
        first.cancel()
        # The one who was cancelled had asked already, but he did not wait for what he was to get.
        assert await second == {"X-SBG-Auth-Token": "token-1"}
        assert source.asked == 2
        assert first.cancelled()

    run(main())


@pytest.mark.parametrize("token", ["", f"{TOKEN}\n{TOKEN}", f"{TOKEN}é"])
def test_a_token_of_a_callable_is_checked(token: str) -> None:
    async def main() -> SettingsError:
        with pytest.raises(SettingsError, match="token") as caught:
            await Credentials(Source(token)).headers()
        return caught.value

    error = run(main())
    assert TOKEN not in str(error) + repr(error)


def test_no_repr_shows_the_token() -> None:
    async def main() -> None:
        for source in (TOKEN, Source(TOKEN)):
            credentials = Credentials(source)
            await credentials.headers()
            assert TOKEN not in repr(credentials)

    run(main())


def test_a_traceback_with_locals_does_not_show_a_token_that_was_refused() -> None:
    async def main() -> BaseException:
        with pytest.raises(SettingsError) as caught:
            await Credentials(Source(f"{TOKEN}é")).headers()
        return caught.value

    assert TOKEN not in given_away(run(main()))
