// What Next.js does for the example's server code: it starts the instrumentation and finds the handler of a route.
// The first process is the supervisor: it starts another that has ended, and holds the port meanwhile.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { register } from "./instrumentation.js";

const routes = [
  [/^\/notes$/, "notes"], [/^\/notes\/(?<id>[^/]+)\/lines$/, "notes/[id]/lines"],
  [/^\/notices$/, "notices"], [/^\/health$/, "health"],
];
if (cluster.isPrimary) {
  cluster.on("exit", () => cluster.fork()).fork();
} else {
  await register();
  createServer(answer).listen(Number(process.env.PORT), "127.0.0.1");
}

async function answer(incoming, outgoing) {
  const { method, url, headers } = incoming;
  const [pattern, name] = routes.find(([path]) => path.test(url));
  const body = method === "GET" ? undefined : await text(incoming);
  const request = new Request(`http://localhost/api${url}`, { method, headers, body });
  const route = await import(`./app/api/${name}/route.js`);
  const params = Promise.resolve({ ...pattern.exec(url).groups });
  const response = await route[method](request, { params }).catch((error) => {
    console.error(error.message);
    return Response.json({ error: "server error" }, { status: 500 });
  });
  outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
}
