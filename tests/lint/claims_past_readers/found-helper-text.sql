-- finds: claims_past_readers warning app.note own_notes
-- The helper that real projects copy from a page of PostgREST.
create table note (id int primary key, owner uuid not null);
create function current_user_id() returns uuid language sql stable as $$
    select (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid
$$;
alter table note enable row level security;
create policy own_notes on note for select to authenticated
    using (owner = (select current_user_id()));

insert into note values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
set local role authenticated;
set local request.jwt.claims = '';
do $$
begin
    perform from note;
    raise exception 'no error';
exception when invalid_text_representation then null;
end
$$;
reset role;
