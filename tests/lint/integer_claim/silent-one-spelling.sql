-- finds: nothing
-- Only what is written as Postgres writes a number is cast; text and UUIDs are compared as they
-- are.
create table note (id int primary key, owner bigint not null, author text, editor uuid);
alter table note enable row level security;
create policy own_notes on note for select to authenticated
    using (owner = case when auth.subject() ~ '^(0|[1-9][0-9]{0,17})$'
                        then auth.subject()::bigint end);
create policy by_author on note for insert to authenticated with check (author = auth.subject());
create policy by_editor on note for update to authenticated using (editor = auth.uid());
