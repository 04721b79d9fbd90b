-- finds: confused_deputy error app.shares Users can share
-- The check of the link asks who shares, not what: whoever shares somebody else's file reads it.
create table files (id bigint primary key, owner uuid, body text);
create table shares (
    file_id bigint references files, shared_by uuid, shared_with uuid);
alter table files enable row level security;
alter table shares enable row level security;
create policy "Users can share" on shares for insert to authenticated
    with check (shared_by = auth.uid());
create policy mine on shares for select to authenticated
    using (shared_by = auth.uid() or shared_with = auth.uid());
create policy own on files to authenticated using (owner = auth.uid());
create policy shared on files for select to authenticated using (
    exists (select 1 from shares s where s.file_id = files.id and s.shared_with = auth.uid()));

insert into files values (1, '00000000-0000-0000-0000-00000000000a', 'secret');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin assert not exists (select from files); end $$;
insert into shares values (1, auth.uid(), auth.uid());
do $$ begin assert exists (select from files); end $$;
select authguard.act_reset();
