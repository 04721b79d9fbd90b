-- finds: check_made_useless error app.scores open_scores
-- FOR ALL beside a policy of one command; and one that asks for a user only.
create table scores (id bigint primary key, player uuid, points int);
alter table scores enable row level security;
create policy open_scores on scores to authenticated using (auth.uid() is not null);
create policy own_delete on scores for delete to authenticated using (player = auth.uid());

insert into scores values (1, '00000000-0000-0000-0000-00000000000a', 7);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
delete from scores;
select authguard.act_reset();
do $$ begin assert not exists (select from scores); end $$;
