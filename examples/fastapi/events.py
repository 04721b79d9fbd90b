import asyncio
import contextlib
import logging

import asyncpg

log = logging.getLogger("uvicorn.error")

# The new events and the snapshot to keep, in one statement. Ids are not in the order of commits.
NEW = """
    select s.next, e.*
      from (select pg_current_snapshot()::text) s (next)
      left join authguard.events_after($1::text::pg_snapshot) e on true
     order by e.id"""


async def read(connection, name, handle):
    """Calls `handle` for each event that was committed since the last read.

    What it writes is committed together with the new position: each event counts once, for all processes and
    across restarts. Effects outside the database may happen again if the commit fails: let them ignore an id
    that they have seen.
    """
    async with connection.transaction():
        position = "select seen::text from event_reader where name = $1 for update"
        seen = await connection.fetchval(position, name)
        rows = await connection.fetch(NEW, seen)
        for event in rows:
            if event["id"] is not None:
                await handle(connection, event)
        update = "update event_reader set seen = $2::text::pg_snapshot where name = $1"
        await connection.execute(update, name, rows[0]["next"])


async def follow(url, name, handle):
    """Follows the events until its connection is lost."""
    connection = await asyncpg.connect(url)
    try:
        wake = asyncio.Event()
        # A notification is only a hint, because any role can send one. Several of them need one read.
        await connection.add_listener("authguard", lambda *_: wake.set())
        connection.add_termination_listener(lambda _: wake.set())
        while not connection.is_closed():
            wake.clear()
            await read(connection, name, handle)
            # The limit is for events that notify nobody, and for a connection that died silently.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), 60)
    finally:
        connection.terminate()


async def follow_events(url, name, handle):
    """Never returns: a lost connection is replaced."""
    while True:
        try:
            await follow(url, name, handle)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.error("events: %s", error)
        await asyncio.sleep(1)
