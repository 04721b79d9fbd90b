import asyncio
import os
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from db import Unauthorized, as_user
from events import follow_events


@asynccontextmanager
async def lifespan(app):
    # The first connection is made by the first request, so the API starts while the database is away.
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=0, max_size=10) as pool:
        app.state.pool = pool
        following = asyncio.create_task(follow_events(os.environ["EVENTS_URL"], "notices", write_notice))
        yield
        following.cancel()


app = FastAPI(lifespan=lifespan)
bearer = HTTPBearer(auto_error=False)  # if there is no token, as_user refuses


async def runner(request: Request, header: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]):
    """What a route calls to run its queries as the user of the request."""
    token = header.credentials if header else None
    return lambda work, **options: as_user(request.app.state.pool, token, work, **options)


AsUser = Annotated[object, Depends(runner)]


class NewNote(BaseModel):
    body: str
    owner: UUID | None = None  # the policy decides whose note may be written


class NewLine(BaseModel):
    line: str


@app.get("/notes")
async def notes(run: AsUser):
    return await run(lambda db: db.fetch("select id, owner, body from note order by id"))


@app.post("/notes", status_code=201)
async def add_note(run: AsUser, note: NewNote):
    sql = "insert into note (body, owner) values ($1, coalesce($2, auth.uid())) returning id, owner, body"
    return await run(lambda db: db.fetchrow(sql, note.body, note.owner))


@app.post("/notes/{note_id}/lines")
async def add_line(run: AsUser, note_id: int, new: NewLine):
    # Reads, then writes what depends on it: at serializable nobody else's change is lost in between.
    async def append(db):
        body = await db.fetchval("select body from note where id = $1", note_id)
        sql = "update note set body = $2 where id = $1 returning id, owner, body"
        return body and await db.fetchrow(sql, note_id, f"{body}\n{new.line}")

    note = await run(append, serializable=True)
    return note or JSONResponse({"error": "not found"}, 404)


@app.get("/notices")
async def notices(run: AsUser):
    return await run(lambda db: db.fetch("select event_id, name, happened_at from notice order by event_id"))


@app.get("/health")
async def health():
    """For monitoring: the database answers, and no user is left on a connection that nobody uses."""
    sql = "select status = 'absent' and current_user = session_user from auth.whoami()"
    clean = await app.state.pool.fetchval(sql)
    return JSONResponse({"clean": clean}, 200 if clean else 500)


async def write_notice(db, event):
    if event["user_id"] is not None:
        await db.execute(
            "insert into notice (event_id, owner, name, happened_at) values ($1, $2, $3, $4) on conflict do nothing",
            event["id"], event["user_id"], event["name"], event["happened_at"],
        )


# A client learns the kind of an error and nothing of its text.
@app.exception_handler(Unauthorized)
async def unauthorized(request, error):
    return JSONResponse({"error": "sign in"}, 401, {"WWW-Authenticate": "Bearer"})


@app.exception_handler(asyncpg.InsufficientPrivilegeError)  # a policy or a missing grant
async def forbidden(request, error):
    return JSONResponse({"error": "forbidden"}, 403)


@app.exception_handler(asyncpg.DataError)  # a value that does not fit its type
@app.exception_handler(asyncpg.IntegrityConstraintViolationError)
async def bad_request(request, error):
    return JSONResponse({"error": "bad request"}, 400)


@app.exception_handler(Exception)  # uvicorn logs it
async def server_error(request, error):
    return JSONResponse({"error": "server error"}, 500)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", 8000)), access_log=False)
