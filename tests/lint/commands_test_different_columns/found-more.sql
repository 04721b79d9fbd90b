-- finds: commands_test_different_columns error app.a anyone_edits
-- finds: commands_test_different_columns warning app.b author_edits
-- finds: commands_test_different_columns error app.c edit
create table member (org uuid, person uuid, role text);
create table a (id bigint primary key, owner uuid, body text);
create table b (id bigint primary key, org uuid, author uuid);
create table c (id bigint primary key, readers uuid[], keeper uuid);
alter table member enable row level security;
alter table a enable row level security;
alter table b enable row level security;
alter table c enable row level security;
create policy own_rows on member for select to authenticated using (person = auth.uid());
-- A wiki.
create policy anyone_edits on a for update to authenticated using (true);
create policy owner_deletes on a for delete to authenticated using (owner = auth.uid());
-- The author may move it to an organization of his own, and delete it there.
create policy author_edits on b for update to authenticated using (author = auth.uid());
create policy admin_deletes on b for delete to authenticated using (org in (
    select m.org from member m where m.person = auth.uid() and m.role = 'admin'));
-- By array.
create policy edit on c for update to authenticated using (auth.uid() = any (readers));
create policy remove on c for delete to authenticated using (keeper = auth.uid());
