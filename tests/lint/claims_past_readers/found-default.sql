-- finds: claims_past_readers warning app.document own_documents
-- finds: claims_past_readers warning app.note
-- A default, and a helper that a policy calls.
create table note (
    id int primary key,
    owner uuid not null default (current_setting('request.jwt.claims', true)::json ->>
        'sub')::uuid);
create table document (id int primary key, owner uuid not null);
create function me() returns uuid language sql stable
begin atomic
    select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid;
end;
alter table note enable row level security;
alter table document enable row level security;
create policy own_notes on note to authenticated using (owner = auth.uid());
create policy own_documents on document for select to authenticated using (owner = me());

set local role authenticated;
set local request.jwt.claims = '';
do $$
begin
    insert into note (id) values (1);
    raise exception 'no error';
exception when invalid_text_representation then null;
end
$$;
reset role;
