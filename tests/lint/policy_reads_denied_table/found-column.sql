-- finds: policy_reads_denied_table error app.article members_read
-- The client may read one column of the other table, and the policy reads another.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table subscriber (user_id uuid primary key, until date not null);
create table article (id int primary key, body text not null);
grant select on article to authenticated;
grant select (until) on subscriber to authenticated;
alter table article enable row level security;
create policy members_read on article for select to authenticated
    using (exists (select from subscriber s where s.user_id = auth.uid()));

select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    perform from article;
    raise exception 'no error';
exception when insufficient_privilege then
    assert sqlerrm = 'permission denied for table subscriber', sqlerrm;
end
$$;
select authguard.act_reset();
