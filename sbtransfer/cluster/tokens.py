"""The tokens of a budget that many sessions share, in SQL: who holds them, and when they come back.

All times are the database's. Whoever exchanges anything locks the budget's row first: there is one order of
all exchanges, and each sees what those before it left.
"""

from __future__ import annotations

from typing import LiteralString

from attrs import frozen

from sbtransfer.cluster.schema import Connection
from sbtransfer.errors import ClusterRefusedError
from sbtransfer.journal.journal import BudgetName


@frozen
class Account:
    """The tokens of one session in one budget."""

    owner: int
    name: BudgetName
    session: int


@frozen
class Word:
    """What the platform said it leaves in a window of its own; that ends at a time of the process's clock."""

    left: int
    window: float
    ends_at: float


@frozen
class Wish:
    """What a session tells and asks for.

    It holds `held` tokens that are neither spent nor given back: whatever it was granted before, it is no
    more now. `spent` has those that were spent, and since when by the process's clock. It wants `want` more
    tokens, and none if there are not `least`.
    """

    held: int = 0
    want: int = 0
    least: int = 0
    spent: tuple[tuple[int, float], ...] = ()
    said: Word | None = None


@frozen
class Reply:
    """What a session was granted, and what it should know.

    `free` tokens are left after that. More come back in `more_in` seconds, or when other sessions give back
    some of the tokens that they hold, `elsewhere` in number. One that is not `alive` gets nothing any more.
    """

    granted: int
    free: int
    elsewhere: int
    more_in: float | None
    alive: bool


_LOCK: LiteralString = "SELECT FROM budgets WHERE owner = %(owner)s AND name = %(name)s FOR UPDATE"

# A later window counts, or less in the same one. Its end is read off whole seconds and may be late.
_LISTEN: LiteralString = """
UPDATE budgets SET
    ceiling = CASE WHEN ceiling_window = %(window)s THEN least(ceiling, %(left)s) ELSE %(left)s END,
    ceiling_ends_at = least(
        CASE WHEN ceiling_window = %(window)s THEN ceiling_ends_at END,
        clock_timestamp() + least(%(ends_in)s, period) * interval '1 second'
    ),
    ceiling_window = %(window)s
WHERE owner = %(owner)s AND name = %(name)s AND coalesce(ceiling_window <= %(window)s, true)
"""

_EXCHANGE: LiteralString = """
WITH budget AS MATERIALIZED (
    SELECT capacity, period * interval '1 second' AS period, ceiling, ceiling_ends_at,
        clock_timestamp() AS now
    FROM budgets WHERE owner = %(owner)s AND name = %(name)s
),
-- Locked, so that one that is being prolonged just now is seen alive: whoever is dead stays dead.
dead AS MATERIALIZED (
    SELECT id, expires_at FROM sessions
    WHERE id <> %(session)s AND expires_at <= (SELECT now FROM budget)
        AND id IN (SELECT session FROM leases WHERE owner = %(owner)s AND name = %(name)s)
    FOR SHARE
),
left_over AS (
    DELETE FROM leases USING dead
    WHERE owner = %(owner)s AND name = %(name)s AND session = dead.id
    RETURNING amount, expires_at AS counted_at
),
fresh AS MATERIALIZED (
    SELECT amount, counted_at + period AS back_at FROM left_over, budget
    UNION ALL
    SELECT amount, now - ago * interval '1 second' + period
    FROM unnest(%(amounts)s::bigint[], %(agos)s::double precision[]) AS spent (amount, ago), budget
),
noted AS (
    INSERT INTO spends (owner, name, amount, back_at)
    SELECT %(owner)s, %(name)s, amount, back_at FROM fresh, budget WHERE amount > 0 AND back_at > now
),
returned AS (
    DELETE FROM spends USING budget
    WHERE spends.owner = %(owner)s AND spends.name = %(name)s AND back_at <= now
),
away AS MATERIALIZED (
    SELECT coalesce(sum(amount), 0)::bigint AS amount, min(back_at) AS next
    FROM (
        SELECT amount, back_at FROM spends WHERE owner = %(owner)s AND name = %(name)s
        UNION ALL SELECT amount, back_at FROM fresh WHERE amount > 0
    ) AS all_spends, budget WHERE back_at > now
),
others AS MATERIALIZED (
    SELECT coalesce(sum(amount), 0)::bigint AS amount FROM leases
    WHERE owner = %(owner)s AND name = %(name)s AND session <> %(session)s
        AND session NOT IN (SELECT id FROM dead)
),
room AS MATERIALIZED (
    SELECT capacity - away.amount - others.amount - %(held)s AS free,
        -- A call that is not answered yet may or may not be counted in what the platform said last.
        CASE WHEN ceiling_ends_at > now THEN ceiling - others.amount - %(held)s END AS below,
        away.next, ceiling_ends_at, others.amount AS elsewhere, now,
        EXISTS (SELECT FROM sessions WHERE id = %(session)s AND expires_at > now) AS alive
    FROM budget, away, others
),
granted AS MATERIALIZED (
    SELECT CASE WHEN alive AND least(free, below) >= %(least)s
        THEN greatest(least(free, below, %(want)s), 0) ELSE 0 END AS amount FROM room
),
lease AS (
    INSERT INTO leases (owner, name, session, amount)
    SELECT %(owner)s, %(name)s, %(session)s, %(held)s + amount FROM granted, room WHERE alive
    ON CONFLICT (owner, name, session) DO UPDATE SET amount = excluded.amount
)
SELECT amount, greatest(least(free, below) - amount, 0), elsewhere,
    extract(epoch FROM CASE WHEN below < free THEN ceiling_ends_at ELSE next END - now)::float8,
    alive
FROM granted, room
"""


async def exchange(connection: Connection, account: Account, wish: Wish, now: float) -> Reply:
    """Tell what became of a session's tokens, and take more, within the caller's transaction.

    `now` is the time of the process's clock. When that transaction is done twice, since its end was not
    seen, what was spent is counted twice, for one period: the careful way to be wrong.
    """
    whose = {"owner": account.owner, "name": account.name, "session": account.session}
    await connection.execute(_LOCK, whose)
    if wish.said is not None:
        said = {
            "left": wish.said.left,
            "window": wish.said.window,
            "ends_in": wish.said.ends_at - now,
        }
        await connection.execute(_LISTEN, whose | said)
    told = {
        "held": wish.held,
        "want": wish.want,
        "least": wish.least,
        "amounts": [amount for amount, _ in wish.spent],
        "agos": [now - since for _, since in wish.spent],
    }
    row = await (await connection.execute(_EXCHANGE, whose | told)).fetchone()
    if row is None:
        raise ClusterRefusedError("the limits of this user are gone from the database: begin anew")
    return Reply(*row)


async def register(
    connection: Connection, owner: int, session: int, limits: dict[BudgetName, tuple[int, float]]
) -> None:
    """Write down how much may be used in which period, within the transaction that begins a session.

    Raises `ClusterRefusedError` where others who are alive use other limits.
    """
    await connection.execute("SELECT FROM owners WHERE id = %s FOR NO KEY UPDATE", (owner,))
    for name, (capacity, period) in limits.items():
        found = await connection.execute(
            "SELECT capacity, period FROM budgets WHERE owner = %s AND name = %s FOR UPDATE", (owner, name)
        )
        row = await found.fetchone()
        if row is not None and row != (capacity, period):
            others = await _others(connection, owner, session)
            if others:
                raise _other_limits(name, (int(row[0]), float(row[1])), (capacity, period), others)
        await connection.execute(
            "INSERT INTO budgets (owner, name, capacity, period) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (owner, name) DO UPDATE SET capacity = excluded.capacity, period = excluded.period",
            (owner, name, capacity, period),
        )


async def spend(connection: Connection, owner: int, name: BudgetName, amount: int) -> None:
    """Count tokens as spent now that no session holds."""
    await connection.execute(
        "INSERT INTO spends (owner, name, amount, back_at)"
        " SELECT owner, name, %s, clock_timestamp() + period * interval '1 second' FROM budgets"
        " WHERE owner = %s AND name = %s",
        (amount, owner, name),
    )


async def _others(connection: Connection, owner: int, session: int) -> list[str]:
    """Return which other processes of an owner are alive."""
    found = await connection.execute(
        "SELECT host, pid FROM sessions WHERE owner = %s AND id <> %s AND expires_at > clock_timestamp()"
        " AND role <> 'joining' ORDER BY id",
        (owner, session),
    )
    return [f"{pid} on {host}" for host, pid in await found.fetchall()]


def _other_limits(
    name: str, used: tuple[int, float], given: tuple[int, float], others: list[str]
) -> ClusterRefusedError:
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return ClusterRefusedError(
        f"other processes of this user share {used[0]:,} {name} in {used[1]:g} s, and this one was given"
        f" {given[0]:,} in {given[1]:g} s: give all the same limits, or end the others first"
        f" (process {', '.join(others[:3])}{more})"
    )
