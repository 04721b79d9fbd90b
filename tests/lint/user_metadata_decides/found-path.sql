-- finds: claims_past_readers warning app.invoice by_setting
-- finds: user_metadata_decides error app.invoice by_containment
-- finds: user_metadata_decides error app.invoice by_path
-- finds: user_metadata_decides error app.invoice by_reader
-- finds: user_metadata_decides error app.invoice by_setting
-- finds: user_metadata_decides error app.invoice by_subscript
-- The same by other ways into the claims.
create table invoice (id int primary key);
alter table invoice enable row level security;
create policy by_path on invoice for select to authenticated
    using ((auth.jwt() #>> '{user_metadata,role}') = 'staff');
create policy by_reader on invoice for insert to authenticated
    with check (auth.claim_text('user_metadata', 'role') = 'staff');
create policy by_subscript on invoice for update to authenticated
    using (((select auth.jwt())['user_metadata']['role'])::text = '"staff"');
create policy by_setting on invoice for delete to authenticated
    using ((nullif(current_setting('request.jwt.claims', true), '')::json
            -> 'user_metadata' ->> 'role') = 'staff');
create policy by_containment on invoice for select to authenticated
    using (auth.jwt() @> '{"user_metadata": {"role": "staff"}}');
