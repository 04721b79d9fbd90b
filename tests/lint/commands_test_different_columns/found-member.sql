-- finds: commands_test_different_columns error app.tickets members_update
-- Members of the organization may write who has made a ticket.
create table members (org_id bigint, user_id uuid);
create table tickets (id bigint primary key, org_id bigint, created_by text);
alter table members enable row level security;
alter table tickets enable row level security;
create function is_member(org bigint) returns boolean
language plpgsql stable security definer set search_path = app as $$
declare
    found_it boolean;
begin
    select exists (select 1 from members where org_id = org and user_id = auth.uid())
      into found_it;
    return found_it;
end
$$;
create policy read on tickets for select to authenticated using (is_member(org_id));
create policy members_update on tickets for update to authenticated
    using (is_member(org_id)) with check (is_member(org_id));
create policy own_delete on tickets for delete to authenticated
    using (created_by = (select auth.uid())::text);

insert into members values (1, '00000000-0000-0000-0000-00000000000b');
insert into tickets values (1, 1, '00000000-0000-0000-0000-00000000000a');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
update tickets set created_by = auth.uid()::text;
delete from tickets;
select authguard.act_reset();
do $$ begin assert not exists (select from tickets); end $$;
