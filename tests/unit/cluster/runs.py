"""Runs made for tests: submitted lists, and what happens to their items as rows."""

from collections.abc import Sequence

from sbtransfer import DRSImport, Item, VolumeImport
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.queue import Queue
from sbtransfer.cluster.schema import RUN_BITS, Connection
from sbtransfer.cluster.submission import Submission

ENDPOINT, ROSA = "https://cgc-api.sbgenomics.com/v2", "rosa"


def imports(count: int) -> list[Item]:
    return [VolumeImport(volume="rosa/in", location=f"{n}.bam", project="rosa/study") for n in range(count)]


def drs(count: int, **fields: object) -> list[Item]:
    return [DRSImport(drs_uri=f"drs://data/{n}", project="rosa/study", **fields) for n in range(count)]  # type: ignore[arg-type]


async def an_owner(database: Database, username: str = ROSA) -> int:
    async def work(connection: Connection) -> int:
        row = await connection.execute(
            "INSERT INTO owners (endpoint, username) VALUES (%s, %s)"
            " ON CONFLICT (endpoint, username) DO UPDATE SET username = EXCLUDED.username RETURNING id",
            (ENDPOINT, username),
        )
        found = await row.fetchone()
        assert found is not None
        return int(found[0])

    return await database.transaction(work)


async def a_run(database: Database, items: Sequence[Item], name: str | None = None, owner: str = ROSA) -> int:
    queue = Queue(database, await an_owner(database, owner))
    return await Submission(database, queue, name, {}).put(items)


async def execute(database: Database, statement: str, *values: object) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute(statement, values or None)

    await database.transaction(work)


async def rows(database: Database, query: str, *values: object) -> list[tuple[object, ...]]:
    async def work(connection: Connection) -> list[tuple[object, ...]]:
        return await (await connection.execute(query, values)).fetchall()

    return await database.transaction(work)


async def sent(database: Database, run: int, *indexes: int, call: int = 1) -> None:
    await execute(
        database,
        "UPDATE items SET call = %s WHERE id = ANY(%s)",
        call,
        [run << RUN_BITS | index for index in indexes],
    )


async def has_job(database: Database, run: int, index: int, job_id: str = "") -> None:
    await sent(database, run, index)
    job = job_id or f"job {index}"
    await execute(database, "INSERT INTO jobs VALUES (%s, %s)", run << RUN_BITS | index, job)


async def ended(database: Database, run: int, index: int, state: int = 0) -> None:
    await execute(
        database,
        "INSERT INTO outcomes (id, state, file_id, attempts) VALUES (%s, %s, 'f', 1)",
        run << RUN_BITS | index,
        state,
    )
