-- finds: confused_deputy error app.l1 add
-- finds: confused_deputy error app.l2 add
-- finds: confused_deputy error app.l3 add
create table doc (id bigint primary key, owner uuid);
create table folder (id bigint primary key, owner uuid);
create table l1 (doc_id bigint references doc, created_by uuid);
create table l2 (doc_id bigint references doc, folder_id bigint references folder);
create table l3 (doc_id bigint references doc, giver uuid, email text);
alter table doc enable row level security;
alter table folder enable row level security;
alter table l1 enable row level security;
alter table l2 enable row level security;
alter table l3 enable row level security;
create policy own on doc to authenticated using (owner = auth.uid());
create policy own on folder to authenticated using (owner = auth.uid());
-- Whatever has a public link is public.
create policy add on l1 for insert to authenticated with check (created_by = auth.uid());
create policy see on l1 for select using (true);
create policy linked on doc for select using (id in (select doc_id from l1));
-- Into the own folder.
create function my_folders() returns setof bigint language sql stable security definer
set search_path = app as $$ select f.id from folder f where f.owner = auth.uid() $$;
create policy add on l2 for insert to authenticated
    with check (folder_id in (select my_folders()));
create policy see on l2 for select to authenticated
    using (folder_id in (select my_folders()));
create policy in_my_folder on doc for select to authenticated using (exists (
    select from l2 where l2.doc_id = doc.id and l2.folder_id in (select my_folders())));
-- By e-mail address.
create policy add on l3 for insert to authenticated with check (giver = auth.uid());
create policy see on l3 for select to authenticated using (email = auth.jwt() ->> 'email');
create policy given on doc for select to authenticated using (exists (
    select from l3 where l3.doc_id = doc.id and l3.email = (auth.jwt() ->> 'email')));
