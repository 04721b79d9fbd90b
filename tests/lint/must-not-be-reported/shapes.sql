-- finds: nothing
-- What looks odd and is right: quoted names, partitions, a table of one row, a policy for the
-- backend's login role, an explicit test of the role, a cart of a visitor, NULL asked for on
-- purpose.
create table "Order" ("Id" bigint primary key, "Customer" uuid not null, "Paid" bool not null);
create table measure (at date not null, owner uuid not null, value int) partition by range (at);
create table measure_2026 partition of measure for values from ('2026-01-01') to ('2027-01-01');
revoke all on measure_2026 from anon, authenticated;
create table site_settings (only_row bool primary key default true check (only_row), title text);
create table cart (id uuid primary key default gen_random_uuid(), secret text not null, items
    jsonb);
create table task (id int primary key, team text not null, assignee uuid, done bool not null);
create table draft (id int primary key, owner uuid, body text);
alter table "Order" enable row level security;
alter table measure enable row level security;
alter table measure_2026 enable row level security;
alter table site_settings enable row level security;
alter table cart enable row level security;
alter table task enable row level security;
alter table draft enable row level security;
create policy "Own orders" on "Order" using ("Customer" = auth.uid());
create policy own on measure to authenticated using (owner = auth.uid());
create policy everybody on site_settings for select using (true);
create policy backend on site_settings to service_role using (true) with check (true);
create policy visitor on cart
    using (secret = (select nullif(current_setting('request.headers', true), '')::json ->>
        'x-cart'))
    with check (secret = (select nullif(current_setting('request.headers', true), '')::json ->>
        'x-cart'));
create policy team on task for select to authenticated
    using (team = (select auth.jwt() -> 'app_metadata' ->> 'team')
           and (assignee is null or assignee = auth.uid() or done));
create policy take on task for update to authenticated
    using (team = (select auth.jwt() -> 'app_metadata' ->> 'team') and assignee is null)
    with check (team = (select auth.jwt() -> 'app_metadata' ->> 'team') and assignee = auth.uid());
create policy signed_in on draft for select
    using ((select auth.role()) = 'authenticated' and owner is not distinct from auth.uid());
create policy own on draft for insert with check (coalesce(owner = auth.uid(), false));
