"""libpq of Postgres 18 as a client that has a token already: PQsetAuthDataHook hands it over.

Each line asks one thing: {"connect": conninfo, "token": token} or {"query": text} on the last
connection. The answer has "error", or the value of the first row.
"""
import ctypes
import json
import os
import sys

PQAUTHDATA_OAUTH_BEARER_TOKEN = 1


class BearerRequest(ctypes.Structure):
    """PGoauthBearerRequest in libpq-fe.h."""

    _fields_ = [
        ("openid_configuration", ctypes.c_char_p),
        ("scope", ctypes.c_char_p),
        ("run_async", ctypes.c_void_p),
        ("cleanup", ctypes.c_void_p),
        ("token", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
    ]


pq = ctypes.CDLL(os.environ["LIBPQ"])
for name in ["PQconnectdb", "PQexec"]:
    getattr(pq, name).restype = ctypes.c_void_p
for name in ["PQerrorMessage", "PQgetvalue"]:
    getattr(pq, name).restype = ctypes.c_char_p
for name in ["PQstatus", "PQerrorMessage", "PQfinish", "PQntuples", "PQclear"]:
    getattr(pq, name).argtypes = [ctypes.c_void_p]
pq.PQexec.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
pq.PQgetvalue.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]

Hook = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
token = None
asked = None


@Hook
def hand_over(kind, _connection, data):
    global asked
    if kind != PQAUTHDATA_OAUTH_BEARER_TOKEN:
        return 0
    request = ctypes.cast(data, ctypes.POINTER(BearerRequest)).contents
    asked = [request.openid_configuration.decode(), request.scope.decode()]
    request.token = token
    return 1


pq.PQsetAuthDataHook.argtypes = [Hook]
pq.PQsetAuthDataHook.restype = None
pq.PQsetAuthDataHook(hand_over)
connection = None


def connect(question):
    global connection, token, asked
    pq.PQfinish(connection)
    token, asked = question["token"].encode(), None
    connection = pq.PQconnectdb(question["connect"].encode())
    if pq.PQstatus(connection) != 0:
        return {"error": pq.PQerrorMessage(connection).decode(), "asked": asked}
    return {"asked": asked}


def query(question):
    result = pq.PQexec(connection, question["query"].encode())
    error = pq.PQerrorMessage(connection).decode()
    value = pq.PQgetvalue(result, 0, 0).decode() if not error and pq.PQntuples(result) else None
    pq.PQclear(result)
    return {"error": error, "value": value} if error else {"value": value}


for line in sys.stdin:
    question = json.loads(line)
    answer = connect(question) if "connect" in question else query(question)
    print(json.dumps(answer), flush=True)
