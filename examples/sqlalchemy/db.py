import os
import random
import time

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

engine = create_engine(
    make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg"),
    pool_size=10,
    max_overflow=0,
    pool_pre_ping=True,  # a connection that a restart of the server has ended is replaced
    hide_parameters=True,  # otherwise the text of an error has the token, and so has the log
)


class Unauthorized(Exception):
    """The token is missing or not accepted. It says no more, so that a client learns no more."""


ATTEMPTS = 5
AGAIN = ("40001", "40P01")  # serialization failure, deadlock: nothing was changed


def sqlstate(error):
    return getattr(error.orig, "sqlstate", None) or ""


def as_user(token, work, *, serializable=False):
    """Runs `work` as the token's user, in one transaction.

    `work` may run several times, so it must do nothing but query. A lost connection is not tried again:
    nobody knows whether it had committed.
    """
    if not token:
        raise Unauthorized
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return transaction(token, work, serializable)
        except DBAPIError as error:
            if sqlstate(error) not in AGAIN or attempt == ATTEMPTS:
                raise
        time.sleep(random.random() * 0.02 * 2**attempt)


def transaction(token, work, serializable):
    # Outside of the try: if the API itself may not log in, that is no fault of the token.
    with engine.connect() as connection:
        if serializable:
            connection.execution_options(isolation_level="SERIALIZABLE")
        try:
            # After the commit the objects keep what was read: to read it again would take another transaction,
            # which has no user.
            with Session(connection, expire_on_commit=False) as session, session.begin():
                session.execute(text("select auth.set_token(:token)"), {"token": token})  # until it ends
                session.execute(text("set local role authenticated"))
                result = work(session)
                session.flush()
                session.execute(text("select auth.require_active()"))  # revoked meanwhile: nothing is written
                return result
        except DBAPIError as error:
            if sqlstate(error) == "28000":
                raise Unauthorized from None
            raise
