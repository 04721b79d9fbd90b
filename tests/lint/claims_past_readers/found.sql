-- finds: claims_past_readers warning app.note own_notes
-- The claims are read past auth.uid(), so whose claims count and whether they are revoked is not
-- asked, and the statement fails on a connection that has had a request.
create table note (id int primary key, owner uuid not null);
alter table note enable row level security;
create policy own_notes on note for select to authenticated
    using (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid);

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
