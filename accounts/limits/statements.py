"""The statements of the rate limiter, for any number of counters (docs/decisions/0002)."""

from functools import cache

from accounts.database.postgresql.plans import PreparedSQL

# Nothing is written if any budget is used up, so that a flood of refused attempts leaves nothing behind. Rows
# are locked in the order of VALUES. Keys are sorted, so two reservations can't deadlock.
TAKE = """
INSERT INTO accounts_ratelimit AS stored (key, count, resets_at)
SELECT column1, column2, column3 FROM (VALUES {rows}) AS attempt WHERE NOT EXISTS (
    SELECT 1 FROM accounts_ratelimit AS known
    WHERE known.key IN ({keys}) AND known.resets_at > %s AND known.count >= CASE known.key {limits} END
)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN stored.resets_at <= %s THEN 0 ELSE stored.count END + excluded.count,
    resets_at = CASE WHEN stored.resets_at <= %s OR stored.resets_at > excluded.resets_at
        THEN excluded.resets_at ELSE stored.resets_at END
WHERE stored.resets_at <= %s OR stored.count < CASE stored.key {written_limits} END
RETURNING key, resets_at, count
"""
# A count of 0 gives an attempt back, 1 counts a success. If the window has closed in between, give nothing
# back: the attempt must not count for the next window, which ends later. (The same window may end earlier
# than it did, see D43.) Successes count in any case.
SETTLE = """
INSERT INTO accounts_ratelimit AS stored (key, count, resets_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN excluded.count = 0 THEN stored.count - 1
        WHEN stored.resets_at <= %s THEN 1 ELSE stored.count + 1 END,
    resets_at = CASE WHEN excluded.count > 0
        AND (stored.resets_at <= %s OR stored.resets_at > excluded.resets_at)
        THEN excluded.resets_at ELSE stored.resets_at END
WHERE excluded.count > 0 OR stored.resets_at <= excluded.resets_at AND stored.count > 0
"""
USED_UP = """
SELECT key, resets_at FROM accounts_ratelimit
WHERE key IN ({keys}) AND resets_at > %s AND count >= CASE key {limits} END
"""


@cache
def take_sql(written: int, looked_at: int) -> str:
    """Return TAKE for so many counters that are written, out of so many that must not be used up."""
    sql = TAKE.format(
        rows=value_lists(written),
        keys=placeholders(looked_at),
        limits=limit_cases(looked_at),
        written_limits=limit_cases(written),
    )
    return PreparedSQL(sql)


@cache
def settle_sql(written: int) -> str:
    return PreparedSQL(SETTLE.format(rows=value_lists(written)))


@cache
def used_up_sql(looked_at: int) -> str:
    return PreparedSQL(USED_UP.format(keys=placeholders(looked_at), limits=limit_cases(looked_at)))


def value_lists(number: int) -> str:
    return ", ".join(["(%s, %s, %s)"] * number)


def placeholders(number: int) -> str:
    return ", ".join(["%s"] * number)


def limit_cases(number: int) -> str:
    return " ".join(["WHEN %s THEN %s"] * number)
