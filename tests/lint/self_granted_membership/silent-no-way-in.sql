-- finds: nothing
-- No client may write the table: one has no privilege, one is closed to INSERT by its policies, and
-- the third can be written in a column that no policy reads.
create table m1 (org_id bigint, user_id uuid);
create table m2 (org_id bigint, user_id uuid);
create table m3 (org_id bigint, user_id uuid);
create table d (id bigint, org_id bigint);
alter table m1 enable row level security;
alter table m2 enable row level security;
alter table m3 enable row level security;
alter table d enable row level security;
revoke insert on m1 from anon, authenticated;
create policy m1_insert on m1 for insert to authenticated with check (user_id = auth.uid());
create policy m2_select on m2 for select to authenticated using (user_id = auth.uid());
create policy m2_service on m2 for insert to service_role with check (true);
revoke insert on m3 from anon, authenticated;
grant insert (user_id) on m3 to authenticated;
create policy m3_insert on m3 for insert to authenticated with check (user_id = auth.uid());
create policy d1 on d for select to authenticated
    using (exists (select from m1 where m1.org_id = d.org_id and m1.user_id = auth.uid()));
create policy d2 on d for select to authenticated
    using (exists (select from m2 where m2.org_id = d.org_id and m2.user_id = auth.uid()));
create policy d3 on d for select to authenticated
    using (exists (select from m3 where m3.org_id = d.org_id and m3.user_id = auth.uid()));
