-- finds: ownership_takeover error app.documents editors_edit
-- The branches are two policies, and an array has the editors.
create table documents (id bigint primary key, created_by uuid, editors uuid[]);
alter table documents enable row level security;
create policy read on documents for select to authenticated
    using (created_by = auth.uid() or auth.uid() = any (editors));
create policy owner_edits on documents for update to authenticated
    using (created_by = auth.uid()) with check (created_by = auth.uid());
create policy editors_edit on documents for update to authenticated
    using (auth.uid() = any (editors));
create policy owner_deletes on documents for delete to authenticated
    using (auth.uid() = created_by);

insert into documents values (1, '00000000-0000-0000-0000-00000000000a',
    '{00000000-0000-0000-0000-00000000000b}');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
update documents set created_by = auth.uid();
delete from documents;
select authguard.act_reset();
do $$ begin assert not exists (select from documents); end $$;
