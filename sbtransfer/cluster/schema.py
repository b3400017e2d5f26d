"""The tables of a cluster, in a PostgreSQL schema of their own, and how older ones become these."""

from __future__ import annotations

from typing import LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from sbtransfer.errors import ClusterRefusedError

SCHEMA = "sbtransfer"
"""Where all tables lie, procrastinate's too: a database may be used by others as well."""

OLDEST_SERVER = 130_000
"""PostgreSQL 13, the first that tells transactions apart for good (`xid8`), and that procrastinate takes."""

RUN_BITS = 32
"""An item's id is its run's number and, in so many bits below it, its index in the list."""

# Each migration is one transaction and is never changed once it was released: the next one is added.
#
# As in a journal's file, rows are added and hardly ever changed, and what an item's state is follows from
# which rows it has. An outcome: ended. A job alone: under way. Neither, but a call: in doubt. None: it waits.
_FIRST: LiteralString = """
CREATE TABLE queue_version (migration text NOT NULL);  -- procrastinate's last that was applied
CREATE TABLE owners (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint text NOT NULL,
    username text NOT NULL,
    under_way bigint NOT NULL DEFAULT 0,  -- items that the follower follows, as it last told
    UNIQUE (endpoint, username)
);

-- Who is there: a process that has not prolonged its session is dead for all others.
CREATE TABLE sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner integer NOT NULL REFERENCES owners,
    host text NOT NULL,
    pid integer NOT NULL,
    role text NOT NULL,                   -- 'worker', 'client' or 'joining'
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);

-- The limits of one owner. Whoever takes tokens locks the row first.
CREATE TABLE budgets (
    owner integer NOT NULL REFERENCES owners,
    name text NOT NULL,                   -- 'requests' or 'files'
    capacity bigint NOT NULL,
    period double precision NOT NULL,     -- seconds
    ceiling bigint,                       -- what the platform says is left of its own window
    ceiling_window double precision,      -- which window that is
    ceiling_ends_at timestamptz,
    PRIMARY KEY (owner, name)
);
-- Tokens that a session has taken and that are neither answered nor given back.
CREATE TABLE leases (
    owner integer NOT NULL,
    name text NOT NULL,
    session bigint NOT NULL REFERENCES sessions ON DELETE CASCADE,
    amount bigint NOT NULL,
    PRIMARY KEY (owner, name, session)
);
-- Tokens that are spent, and when they come back.
CREATE TABLE spends (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner integer NOT NULL,
    name text NOT NULL,
    amount bigint NOT NULL,
    back_at timestamptz NOT NULL
);
CREATE INDEX spends_by_return ON spends (owner, name, back_at);

CREATE TABLE runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner integer NOT NULL REFERENCES owners,
    name text,
    -- 'own' (the journal of one process), 'running', 'cancelled', 'halted'
    state text NOT NULL DEFAULT 'running',
    total bigint,
    source jsonb,
    notes jsonb NOT NULL DEFAULT '{}',
    writers bigint NOT NULL DEFAULT 0,     -- how many processes have opened it as their journal
    refused integer NOT NULL DEFAULT 0,    -- chunks in a row that were wholly refused
    trouble text,                          -- why it was halted
    submitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (owner, name)
);
CREATE TABLE chunks (
    run bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
    number integer NOT NULL,
    again boolean NOT NULL DEFAULT false,  -- items of it wait again, and no job is queued for them yet
    PRIMARY KEY (run, number)
);
CREATE INDEX chunks_again ON chunks (run, number) WHERE again;
CREATE TABLE items (
    id bigint PRIMARY KEY,
    chunk integer,                         -- none in the journal of one process
    call bigint,                           -- the last that carried it; none while it waits
    sent integer NOT NULL DEFAULT 0,       -- how many carried it before
    digest bytea NOT NULL,
    key text,                              -- a live source's name for it
    item text NOT NULL                     -- JSON
);
CREATE UNIQUE INDEX items_by_key ON items ((id >> 32), key) WHERE key IS NOT NULL;
CREATE INDEX items_by_chunk ON items ((id >> 32), chunk) WHERE chunk IS NOT NULL;
CREATE INDEX items_waiting ON items (id) WHERE call IS NULL;
CREATE INDEX items_by_call ON items (call) WHERE call IS NOT NULL;
CREATE SEQUENCE call_numbers;
CREATE TABLE calls (
    id bigint PRIMARY KEY,
    owner integer NOT NULL,
    kind text NOT NULL,
    begun double precision NOT NULL,       -- Unix seconds, the platform's clock
    submitted_on bigint NOT NULL,          -- microseconds since 1970, UTC
    attempts integer NOT NULL,
    ids text NOT NULL,                     -- the items in the order sent: 0-99,105
    session bigint,                        -- who sends it; none in the journal of one process
    -- 'own', 'sending', 'open' (to be followed), 'done' (nothing of it is left to be followed)
    state text NOT NULL,
    follower bigint                        -- the session that follows it
);
CREATE INDEX calls_sending ON calls (session) WHERE state = 'sending';
CREATE INDEX calls_open ON calls (owner) WHERE state = 'open' AND follower IS NULL;
CREATE INDEX calls_followed ON calls (owner) WHERE state = 'open' AND follower IS NOT NULL;
CREATE TABLE jobs (id bigint PRIMARY KEY, job_id text NOT NULL);
CREATE INDEX jobs_by_id ON jobs (job_id);
CREATE TABLE outcomes (
    id bigint PRIMARY KEY,
    state smallint NOT NULL,               -- 0 COMPLETED, 1 FAILED, 2 UNCONFIRMED
    file_id text,
    error text,                            -- JSON: [status, code, message, more_info]
    attempts integer NOT NULL,
    submitted_on bigint,
    finished_on bigint,
    skipped boolean,
    -- The transaction that wrote it: a reader that goes on from one misses none that commits late.
    written xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX outcomes_in_order ON outcomes ((id >> 32), written, id);
CREATE TABLE retired (job_id text PRIMARY KEY, retired_at timestamptz NOT NULL DEFAULT clock_timestamp());
-- What the budgets of one process have spent, kept for the next one.
CREATE TABLE own_spends (
    run bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
    writer bigint NOT NULL,
    number bigint NOT NULL,
    budget text NOT NULL,
    amount bigint NOT NULL,
    answered double precision,
    PRIMARY KEY (run, writer, number)
);
"""

MIGRATIONS: tuple[LiteralString, ...] = (_FIRST,)
VERSION = len(MIGRATIONS)

Connection = AsyncConnection[TupleRow]


async def version(connection: Connection) -> int | None:
    """Return the version of the tables; `None` where there are none."""
    found = await (await connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.meta",))).fetchone()
    if found is None or found[0] is None:
        return None
    row = await (await connection.execute("SELECT version FROM meta")).fetchone()
    return None if row is None else int(row[0])


async def migrate(connection: Connection) -> int:
    """Make the tables, or bring older ones up to date, within the caller's transaction.

    Returns the version that there was, 0 for none. Raises `ClusterRefusedError` for a later one.
    """
    check_server(connection)
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('sbtransfer migrations'))")
    await _make_schema(connection)
    before = await version(connection) or 0
    if before > VERSION:
        raise later(before)
    for migration in MIGRATIONS[before:]:
        await connection.execute(migration)
    await connection.execute("CREATE TABLE IF NOT EXISTS meta (version integer NOT NULL)")
    await connection.execute("DELETE FROM meta")
    await connection.execute("INSERT INTO meta VALUES (%s)", (VERSION,))
    return before


async def _make_schema(connection: Connection) -> None:
    # Where somebody has made it for this user, the right to make one may be missing.
    found = await (await connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,))).fetchone()
    if found == (None,):
        await connection.execute(f"CREATE SCHEMA {SCHEMA}")


def check_server(connection: Connection) -> None:
    """Raise `ClusterRefusedError` unless the server, and how the database keeps text, are as needed."""
    if connection.info.server_version < OLDEST_SERVER:
        raise too_old(connection.info.server_version)
    if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
        raise ClusterRefusedError(
            f"the database keeps its text as {encoding}, and UTF8 is needed: make another one, with"
            " 'createdb --encoding UTF8 --template template0'"
        )


async def check(connection: Connection) -> None:
    """Raise `ClusterRefusedError` unless the server and its tables are such as this version needs."""
    check_server(connection)
    found = await version(connection)
    if found is None:
        raise ClusterRefusedError("the database is not initialised: run 'sbtransfer cluster init' on it once")
    if found > VERSION:
        raise later(found)
    if found < VERSION:
        raise ClusterRefusedError(
            f"the database has the tables of an earlier version of sbtransfer (schema {found}, this one needs"
            f" {VERSION}): end all workers, then run 'sbtransfer cluster init' on it"
        )


def too_old(server: int) -> ClusterRefusedError:
    """Refuse a server that lacks what is needed; `server` as libpq tells it, 120004 for 12.4."""
    return ClusterRefusedError(
        f"the database is PostgreSQL {server // 10_000}, and at least {OLDEST_SERVER // 10_000} is needed:"
        " update it, or use another"
    )


def later(found: int) -> ClusterRefusedError:
    """Refuse tables of a later version."""
    return ClusterRefusedError(
        f"a later version of sbtransfer has made this database's tables (schema {found}, this one knows"
        f" {VERSION}): update sbtransfer on this machine"
    )
