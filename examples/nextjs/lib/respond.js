import { asUser, Unauthorized } from "./db.js";

// A client learns the kind of an error and nothing of its text.
function refuse(error) {
  if (error instanceof Unauthorized) {
    return Response.json({ error: "sign in" }, { status: 401, headers: { "WWW-Authenticate": "Bearer" } });
  }
  const code = error.code ?? "";
  if (code === "42501") return Response.json({ error: "forbidden" }, { status: 403 }); // a policy or a missing grant
  // A value that does not fit its type or a constraint, or a body that is no JSON.
  if (/^2[23]...$/.test(code) || error instanceof SyntaxError) {
    return Response.json({ error: "bad request" }, { status: 400 });
  }
  console.error(code, error.message);
  return Response.json({ error: "server error" }, { status: 500 });
}

// postgres.js takes the type of a parameter from the value. The SQL here expects text.
export const text = (value) => (value == null ? null : String(value));

// Answers a request with what `work` returns, as the user whose token the request brings. `work` gets the JSON
// of the request, too.
export async function respond(request, work, { status = 200, ...options } = {}) {
  // If there is no token, asUser refuses.
  const token = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization"))?.[1];
  try {
    const json = request.method === "GET" ? null : (await request.json()) ?? {};
    const result = await asUser(token, (db) => work(db, json), options);
    return result ? Response.json(result, { status }) : Response.json({ error: "not found" }, { status: 404 });
  } catch (error) {
    return refuse(error);
  }
}
