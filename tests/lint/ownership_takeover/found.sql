-- finds: ownership_takeover error app.documents edit
-- An editor makes himself the owner, and deletes.
create table editors (document_id bigint, user_id uuid);
create table documents (id bigint primary key, owner_id uuid, body text);
alter table editors enable row level security;
alter table documents enable row level security;
create policy own_rows on editors for select to authenticated using (user_id = auth.uid());
create policy read on documents for select to authenticated using (
    owner_id = auth.uid()
    or exists (select from editors e where e.document_id = documents.id and e.user_id = auth.uid()));
create policy edit on documents for update to authenticated using (
    owner_id = auth.uid()
    or exists (select from editors e where e.document_id = documents.id and e.user_id = auth.uid()));
create policy remove on documents for delete to authenticated using (owner_id = auth.uid());

insert into documents values (1, '00000000-0000-0000-0000-00000000000a', 'of a');
insert into editors values (1, '00000000-0000-0000-0000-00000000000b');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
delete from documents;
do $$ begin assert exists (select from documents); end $$;
update documents set owner_id = auth.uid();
delete from documents;
select authguard.act_reset();
do $$ begin assert not exists (select from documents); end $$;
