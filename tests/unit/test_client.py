"""The client: settings, budgets and connections, and who closes what."""

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from attrs import Factory, define

import sbtransfer
from sbtransfer import Client, Limits, RateLimit, SettingsError, UsageError, VolumeImport
from sbtransfer.budget import Budget
from sbtransfer.errors import SessionLostError
from sbtransfer.exact import ExactBudget
from sbtransfer.limits import Who
from sbtransfer.simulator import Platform
from sbtransfer.simulator.clock import run
from sbtransfer.testing import EPOCH, SimulatedTransport

TOKEN = "0123456789abcdef" * 2


def simulated(**options: object) -> tuple[Client, SimulatedTransport]:
    transport = SimulatedTransport(Platform(start=EPOCH))
    return Client("http://127.0.0.1:8900/v2", TOKEN, transport=transport, **options), transport  # type: ignore[arg-type]


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SB_API_ENDPOINT", "https://cgc-api.sbgenomics.com/v2/")
    monkeypatch.setenv("SB_AUTH_TOKEN", TOKEN)
    client = Client.from_environment(limits=Limits(requests=10))
    assert client.endpoint == "https://cgc-api.sbgenomics.com/v2"
    assert repr(client) == "<Client https://cgc-api.sbgenomics.com/v2>"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"endpoint": "http://api.example/v2", "token": TOKEN}, "https only"),
        ({"endpoint": "https://api.example/v2", "token": " "}, "token is empty"),
        ({"endpoint": "https://api.example/v2", "token": TOKEN, "timeout": 0}, "timeout"),
    ],
)
def test_settings_that_cannot_work_are_refused(arguments: dict[str, object], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        Client(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("option", "value"),
    [("max_in_flight", 0), ("linger", -1), ("grace", -1), ("max_consecutive_failures", 0)],
)
def test_options_of_a_transfer_are_checked(option: str, value: float) -> None:
    client, _ = simulated()
    with pytest.raises(SettingsError, match=option):
        client.transfer([], **{option: value})  # type: ignore[arg-type]


def test_user_and_rate_limit() -> None:
    async def main() -> None:
        client, _ = simulated()
        async with client:
            assert (await client.user()).username == "rfranklin"
            # The user's call was counted, the one for the limit is not.
            assert await client.rate_limit() == RateLimit(limit=1000, remaining=999, reset=EPOCH + 300)
            assert await client.rate_limit() == RateLimit(limit=1000, remaining=999, reset=EPOCH + 300)

    run(main())


def test_leaving_the_client_closes_its_transfers_and_its_transport() -> None:
    async def main() -> None:
        client, transport = simulated()
        async with client:
            transfer = client.transfer([VolumeImport(volume="a/b", location="c", project="d/e")] * 1000)
            await transfer.__aenter__()
            await asyncio.sleep(0.5)
        assert transport.closed
        assert asyncio.all_tasks() == {asyncio.current_task()}
        with pytest.raises(UsageError, match="closed"):
            client.transfer([])

    run(main())


async def test_a_session_of_ones_own_is_left_open() -> None:
    async with aiohttp.ClientSession() as session:
        async with Client("http://127.0.0.1:1/v2", TOKEN, session=session):
            pass
        assert not session.closed


def test_no_representation_shows_the_token() -> None:
    client, _ = simulated()
    api = client._api
    shown = [repr(part) for part in (client, client.transfer([]), api, api.caller, api.caller.credentials)]
    assert TOKEN not in "".join(shown)


def test_no_traceback_shows_the_token() -> None:
    async def main() -> None:
        client, transport = simulated()
        async with client:
            transport.platform.token = "another"
            try:
                await client.user()
            except sbtransfer.UnauthorizedError as error:
                trace = traceback.TracebackException.from_exception(error, capture_locals=True)
                assert TOKEN not in "".join(trace.format())
            else:
                pytest.fail("a wrong token was taken")

    run(main())


def test_the_public_signatures_of_the_design() -> None:
    assert list(inspect.signature(Client).parameters)[:2] == ["endpoint", "token"]
    transfer = inspect.signature(Client.transfer).parameters
    assert {"items", "max_in_flight", "linger", "total"} <= set(transfer)
    assert transfer["max_in_flight"].default == 10_000


# Shared budgets ------------------------------------------------------------------------------------------


@define
class Shared:
    """Budgets of which somebody else takes care."""

    requests: Budget = Factory(lambda: ExactBudget(10, 300.0))
    files: Budget = Factory(lambda: ExactBudget(5, 300.0))
    who: Callable[[], Awaitable[Who]] | None = None
    trouble: Exception | None = None
    closed: bool = False

    def bind(self, endpoint: str, limits: Limits, who: Callable[[], Awaitable[Who]]) -> tuple[Budget, Budget]:
        self.who = who
        return self.requests, self.files

    def check(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    async def aclose(self) -> None:
        self.closed = True


def test_a_client_uses_the_budgets_that_it_is_given() -> None:
    async def main() -> None:
        shared = Shared()
        client, transport = simulated(budget=shared)
        async with client:
            await client.user()
            assert shared.requests.left == 9
            shared.trouble = SessionLostError("lost")
            with pytest.raises(SessionLostError):
                await client.user()
            assert shared.requests.left == 9
            closed = [shared.closed]
        assert [*closed, shared.closed] == [False, True]
        assert transport.closed

    run(main())


def test_shared_budgets_learn_whose_they_are_without_leave() -> None:
    async def main() -> None:
        shared = Shared()
        client, _ = simulated(budget=shared)
        async with client:
            assert shared.who is not None
            owner = await shared.who()
            assert (owner.endpoint, owner.username) == ("http://127.0.0.1:8900/v2", "rfranklin")
            # The budget, which has to know it first, was not asked; but what the platform says is told.
            assert shared.requests.left == 10

    run(main())


def test_the_network_is_closed_even_if_a_budget_cannot_be() -> None:
    class Stuck(Shared):
        async def aclose(self) -> None:
            raise SessionLostError("lost")

    async def main() -> None:
        client, transport = simulated(budget=Stuck())
        with pytest.raises(SessionLostError):
            await client.aclose()
        assert transport.closed

    run(main())
