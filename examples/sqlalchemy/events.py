import logging
import os
import threading
import time

import psycopg
from psycopg.rows import dict_row

log = logging.getLogger("uvicorn.error")

# The new events and the snapshot to keep, in one statement. Ids are not in the order of commits.
NEW = """
    select s.next, e.*
      from (select pg_current_snapshot()::text) s (next)
      left join authguard.events_after(%s::pg_snapshot) e on true
     order by e.id"""


def read(connection, name, handle):
    """Calls `handle` for each event that was committed since the last read.

    What it writes is committed together with the new position: each event counts once, for all processes and
    across restarts. Effects outside the database may happen again if the commit fails: let them ignore an id
    that they have seen.
    """
    with connection.transaction():
        position = "select seen::text from event_reader where name = %s for update"
        seen = connection.execute(position, (name,)).fetchone()["seen"]
        events = connection.execute(NEW, (seen,)).fetchall()
        for event in events:
            if event["id"] is not None:
                handle(connection, event)
        update = "update event_reader set seen = %s::pg_snapshot where name = %s"
        connection.execute(update, (events[0]["next"], name))


def follow(name, handle):
    """Follows the events until the connection is lost. SQLAlchemy has no LISTEN: this is its driver."""
    with psycopg.connect(os.environ["EVENTS_URL"], autocommit=True, row_factory=dict_row) as connection:
        connection.execute("listen authguard")
        while True:
            read(connection, name, handle)
            # A notification is only a hint, because any role can send one. The limit is for events that notify
            # nobody, and for a connection that died silently.
            for _ in connection.notifies(timeout=60, stop_after=1):
                pass


def follow_for_ever(name, handle):
    while True:
        try:
            follow(name, handle)
        except psycopg.Error as error:
            log.error("events: %s", error)
        time.sleep(1)


def follow_events(name, handle):
    """Follows the events in a thread that ends with the process."""
    threading.Thread(target=follow_for_ever, args=(name, handle), daemon=True).start()
