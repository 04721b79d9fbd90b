-- finds: nothing
-- A column of this name, and a key of a document in the row, are none of the token's claims.
create table profile (id uuid primary key, user_metadata jsonb, doc jsonb);
alter table profile enable row level security;
create policy own on profile for select to authenticated
    using (id = auth.uid() or (user_metadata ->> 'is_public') = 'true'
           or (doc -> 'user_metadata' ->> 'is_public') = 'true');
