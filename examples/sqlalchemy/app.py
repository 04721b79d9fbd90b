import logging
import os
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import FetchedValue, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db import Unauthorized, as_user, engine, sqlstate
from events import follow_events

log = logging.getLogger("uvicorn.error")


class Base(MappedAsDataclass, DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    body: Mapped[str]
    owner: Mapped[UUID] = mapped_column(server_default=FetchedValue())  # auth.uid()


class Notice(Base):
    __tablename__ = "notice"
    event_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    happened_at: Mapped[datetime]


@asynccontextmanager
async def lifespan(app):
    follow_events("notices", write_notice)
    yield


app = FastAPI(lifespan=lifespan)
bearer = HTTPBearer(auto_error=False)  # if there is no token, as_user refuses


def runner(header: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]):
    """What a route calls to run its queries as the user of the request."""
    token = header.credentials if header else None
    return lambda work, **options: as_user(token, work, **options)


AsUser = Annotated[object, Depends(runner)]


class NewNote(BaseModel):
    body: str
    owner: UUID | None = None  # the policy decides whose note may be written


class NewLine(BaseModel):
    line: str


# Routes without `async` run in threads, so that one may wait for the database while others go on.
@app.get("/notes")
def notes(run: AsUser):
    return run(lambda session: session.scalars(select(Note).order_by(Note.id)).all())


@app.post("/notes", status_code=201)
def add_note(run: AsUser, new: NewNote):
    def add(session):
        note = Note(body=new.body, owner=new.owner)
        session.add(note)
        session.flush()
        session.refresh(note)
        return note

    return run(add)


@app.post("/notes/{note_id}/lines")
def add_line(run: AsUser, note_id: int, new: NewLine):
    # Reads, then writes what depends on it: at serializable nobody else's change is lost in between.
    def append(session):
        note = session.get(Note, note_id)
        if note:
            note.body += f"\n{new.line}"
        return note

    return run(append, serializable=True) or JSONResponse({"error": "not found"}, 404)


@app.get("/notices")
def notices(run: AsUser):
    return run(lambda session: session.scalars(select(Notice).order_by(Notice.event_id)).all())


@app.get("/health")
def health():
    """For monitoring: the database answers, and no user is left on a connection that nobody uses."""
    sql = "select status = 'absent' and current_user = session_user from auth.whoami()"
    with engine.connect() as connection:
        clean = connection.scalar(text(sql))
    return JSONResponse({"clean": clean}, 200 if clean else 500)


def write_notice(db, event):
    if event["user_id"] is not None:
        db.execute(
            "insert into notice (event_id, owner, name, happened_at) values (%s, %s, %s, %s) on conflict do nothing",
            (event["id"], event["user_id"], event["name"], event["happened_at"]),
        )


# A client learns the kind of an error and nothing of its text.
@app.exception_handler(Unauthorized)
def unauthorized(request, error):
    return JSONResponse({"error": "sign in"}, 401, {"WWW-Authenticate": "Bearer"})


@app.exception_handler(DBAPIError)
def of_database(request, error):
    code = sqlstate(error)
    if code == "42501":  # a policy or a missing grant
        return JSONResponse({"error": "forbidden"}, 403)
    if code.startswith(("22", "23")):  # a value that does not fit its type or a constraint
        return JSONResponse({"error": "bad request"}, 400)
    log.error("%s", error)
    return server_error(request, error)


@app.exception_handler(Exception)  # uvicorn logs it
def server_error(request, error):
    return JSONResponse({"error": "server error"}, 500)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", 8000)), access_log=False)
