-- finds: ownership_takeover error app.lead change
-- CASE is an OR in other words.
create table lead (id bigint primary key, owner uuid, manager uuid);
alter table lead enable row level security;
create policy see on lead for select to authenticated using (auth.uid() in (owner, manager));
create policy change on lead for update to authenticated using (
    case when owner = auth.uid() then true when manager = auth.uid() then true else false end);
create policy remove on lead for delete to authenticated using (owner = auth.uid());
