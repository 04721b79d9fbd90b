-- finds: nothing
-- The same column; a key that nobody can take; a column that a client cannot write; DELETE by role
-- in the same organization; no UPDATE at all; a state beside the owner.
create table members (org_id bigint, user_id uuid, role text);
create table orgs (id bigint primary key, contact uuid);
create table d1 (id bigint primary key, org_id bigint, author uuid);
create table d2 (id bigint primary key, org_id bigint, author uuid);
create table d3 (id bigint primary key, author uuid, state text);
create table d4 (id bigint primary key, author uuid);
alter table members enable row level security;
alter table orgs enable row level security;
alter table d1 enable row level security;
alter table d2 enable row level security;
alter table d3 enable row level security;
alter table d4 enable row level security;
create policy own_rows on members for select to authenticated using (user_id = auth.uid());
create policy u on orgs for update to authenticated using (contact = auth.uid());
create policy d on orgs for delete to authenticated using (exists (
    select from members m where m.org_id = orgs.id and m.user_id = auth.uid() and m.role = 'owner'));
create policy u on d1 for update to authenticated using (
    exists (select from members m where m.org_id = d1.org_id and m.user_id = auth.uid()));
create policy d on d1 for delete to authenticated using (exists (
    select from members m where m.org_id = d1.org_id and m.user_id = auth.uid() and m.role = 'admin'));
revoke update on d2 from anon, authenticated;
grant update (org_id) on d2 to authenticated;
create policy u on d2 for update to authenticated using (
    exists (select from members m where m.org_id = d2.org_id and m.user_id = auth.uid()));
create policy d on d2 for delete to authenticated using (author = auth.uid());
create policy u on d3 for update to authenticated using (author = auth.uid());
create policy d on d3 for delete to authenticated using (author = auth.uid() and state = 'draft');
create policy d on d4 for delete to authenticated using (author = auth.uid());
