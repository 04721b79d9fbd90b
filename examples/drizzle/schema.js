import { sql } from "drizzle-orm";
import { bigint, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";

// The tables of ../setup.sql, which makes them and their policies.
export const note = pgTable("note", {
  id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  owner: uuid().notNull().default(sql`auth.uid()`),
  body: text().notNull(),
});

export const notice = pgTable("notice", {
  eventId: bigint("event_id", { mode: "number" }).primaryKey(),
  owner: text().notNull(),
  name: text().notNull(),
  happenedAt: timestamp("happened_at", { withTimezone: true }).notNull(),
});

export const eventReader = pgTable("event_reader", {
  name: text().primaryKey(),
  seen: text().notNull(), // pg_snapshot, which Postgres reads from text
});
