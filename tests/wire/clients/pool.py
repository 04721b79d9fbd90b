

# One query for each line of standard input, in a transaction of the token's user.
import json
import sys

import psycopg
from psycopg.rows import dict_row

for line in sys.stdin:
    question = json.loads(line)
    try:
        with as_user(question["token"]) as db:
            cursor = db.cursor(row_factory=dict_row).execute(question["sql"])
            answer = {"rows": cursor.fetchall()}
    except psycopg.Error as error:
        answer = {"code": error.sqlstate}
    print(json.dumps(answer, default=str), flush=True)
