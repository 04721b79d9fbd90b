-- finds: nothing
-- Anybody may take a row for himself; the policies are for different roles or commands.
create table task (id bigint primary key, assignee uuid);
create table form (id bigint primary key, sender uuid);
alter table task enable row level security;
alter table form enable row level security;
create policy take on task for update to authenticated
    using (true) with check (assignee = auth.uid());
create policy own on task for update to authenticated using (assignee = auth.uid());
create policy anonymous on form for insert to anon with check (true);
create policy signed_in on form for insert to authenticated with check (sender = auth.uid());
create policy never on form for delete to authenticated using (false);
create policy nobody on form for update to authenticated using (false) with check (true);
