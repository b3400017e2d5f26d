"""What all tests share."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sbtransfer.cluster.database import Database
    from tests.postgres import Server

REAL_LIST = Path(__file__).parents[2] / "shared" / "data" / "gdc_manifest_tcga_brca.tsv"
TEMPLATE = "initialised"


@pytest.fixture
def real_list() -> Path:
    """A real GDC manifest of 885 files, which the project does not carry."""
    if not REAL_LIST.is_file():
        pytest.skip("the real manifest is not beside this checkout")
    return REAL_LIST


# PostgreSQL ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server that many tests share, each with databases of its own."""
    with a_server() as server:
        yield server


@pytest.fixture(scope="session")
def restartable_postgres() -> Iterator[Server]:
    with a_server() as server:
        yield server


@pytest.fixture
def own_postgres(restartable_postgres: Server) -> Server:
    """A running server that no other test uses meanwhile: to be stopped, killed and started again."""
    restartable_postgres.start()
    return restartable_postgres


@pytest.fixture
def empty_database(postgres: Server) -> Iterator[str]:
    """The URL of a new database that holds nothing."""
    yield from a_database(postgres, "template1")


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    """The URL of a new database that is initialised."""
    yield from a_database(postgres, the_template(postgres))


@pytest.fixture
def own_database_url(own_postgres: Server) -> Iterator[str]:
    """The URL of a new database that is initialised, on the server that the test may stop."""
    yield from a_database(own_postgres, the_template(own_postgres))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database that is initialised."""
    from sbtransfer.cluster.database import Database

    async with Database(database_url, patience=10.0) as database:
        yield database


def a_server() -> Server:
    # Imported here, as most tests need no database's driver.
    from tests.postgres import Server

    if Server.found() is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("PostgreSQL is not installed: apt install postgresql")
    return Server()


_numbers = itertools.count(1)


def a_database(server: Server, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    yield server.create(name, template)
    server.start()
    server.drop(name)


def the_template(server: Server) -> str:
    """Make the database that initialised ones are copied from, unless it is there."""
    from sbtransfer.cluster.cluster import Cluster

    if TEMPLATE not in server.databases():
        url = server.create(TEMPLATE)
        # A loop of its own, in a thread of its own: that of the test must not notice.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, Cluster.init(url)).result()
    return TEMPLATE
