-- finds: nothing
-- Several permissive policies for SELECT, meant as alternatives.
create table follower (author uuid not null, follower uuid not null,
    accepted bool not null default false, primary key (author, follower));
create table photo (id bigint primary key generated always as identity,
    author uuid not null default auth.uid(), visibility text not null default 'private'
    check (visibility in ('private', 'followers', 'public')));
revoke update on follower from anon, authenticated;
grant update (accepted) on follower to authenticated;
alter table follower enable row level security;
alter table photo enable row level security;
create policy own_follows on follower for select to authenticated
    using (follower = auth.uid() or author = auth.uid());
create policy follow on follower for insert to authenticated
    with check (follower = auth.uid() and not accepted);
create policy accept on follower for update to authenticated
    using (author = auth.uid()) with check (author = auth.uid());
create policy unfollow on follower for delete to authenticated using (follower = auth.uid());
create policy own on photo to authenticated
    using (author = auth.uid()) with check (author = auth.uid());
create policy public_photos on photo for select using (visibility = 'public');
create policy followed on photo for select to authenticated
    using (visibility = 'followers'
           and exists (select from follower f
                        where f.author = photo.author and f.follower = auth.uid() and f.accepted));
