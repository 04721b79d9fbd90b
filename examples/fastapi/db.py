import asyncio
import random

import asyncpg


class Unauthorized(Exception):
    """The token is missing or not accepted. It says no more, so that a client learns no more."""


ATTEMPTS = 5
AGAIN = ("40001", "40P01")  # serialization failure, deadlock: nothing was changed


async def as_user(pool, token, work, *, serializable=False):
    """Runs `work` as the token's user, in one transaction.

    `work` may run several times, so it must do nothing but query. A lost connection is not tried again:
    nobody knows whether it had committed.
    """
    if not token:
        raise Unauthorized
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await transaction(pool, token, work, serializable)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in AGAIN or attempt == ATTEMPTS:
                raise
        await asyncio.sleep(random.random() * 0.02 * 2**attempt)


async def transaction(pool, token, work, serializable):
    isolation = "serializable" if serializable else None
    # Outside of the try: this fails with 28000, too, if the API itself may not log in.
    async with pool.acquire() as connection:
        try:
            async with connection.transaction(isolation=isolation):
                await connection.execute("select auth.set_token($1)", token)  # until the transaction ends
                await connection.execute("set local role authenticated")
                result = await work(connection)
                await connection.execute("select auth.require_active()")  # revoked meanwhile: nothing is written
                return result
        except asyncpg.PostgresError as error:
            if error.sqlstate == "28000":
                raise Unauthorized from None
            raise
