// postgrest-js, one request for each line of standard input, one answer for each on standard output.
import { PostgrestClient } from "@supabase/postgrest-js";
import { createInterface } from "node:readline";

const url = process.env.POSTGREST;
for await (const line of createInterface({ input: process.stdin })) {
  const { token, table, insert, update, remove, id, rpc, args } = JSON.parse(line);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const client = new PostgrestClient(url, { headers });
  const rows = client.from(table ?? "");
  const request = rpc ? client.rpc(rpc, args)
    : insert ? rows.insert(insert).select()
    : update ? rows.update(update).eq("id", id).select()
    : remove ? rows.delete().eq("id", id).select()
    : rows.select();
  const { status, data, error } = await request;
  console.log(JSON.stringify({ status, data, error }));
}
