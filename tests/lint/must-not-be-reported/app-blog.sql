-- finds: nothing
-- A blog: published posts and their comments are for everybody, drafts for their authors, editors
-- do what their row says; tags are a catalogue; likes are counted by a view of the caller's rights.
create table author (user_id uuid primary key, name text not null, is_editor bool not null
    default false);
create table post (id bigint primary key generated always as identity,
    author uuid not null default auth.uid() references author, title text not null,
    body text not null, published_at timestamptz);
create table tag (id int primary key, name text not null unique);
create table post_tag (post bigint not null references post, tag int not null references tag,
    primary key (post, tag));
create table comment (id bigint primary key generated always as identity,
    post bigint not null references post on delete cascade,
    author uuid not null default auth.uid(), body text not null);
create table post_like (post bigint not null references post on delete cascade,
    user_id uuid not null default auth.uid(), primary key (post, user_id));
create view like_count with (security_invoker = true) as
    select post, count(*) as likes from post_like group by post;
create function is_editor() returns bool
language sql stable security definer set search_path = ''
as $$ select coalesce((select a.is_editor from app.author a where a.user_id = auth.uid()),
    false) $$;
alter table author enable row level security;
alter table post enable row level security;
alter table tag enable row level security;
alter table post_tag enable row level security;
alter table comment enable row level security;
alter table post_like enable row level security;
create policy "Authors are public" on author for select using (true);
create policy "Editors manage authors" on author to authenticated
    using (is_editor()) with check (is_editor());
create policy "Published posts are public" on post for select
    using (published_at <= now() or author = auth.uid() or is_editor());
create policy "Authors write" on post for insert to authenticated
    with check (author = auth.uid());
create policy "Authors and editors change" on post for update to authenticated
    using (author = auth.uid() or is_editor()) with check (author = auth.uid() or is_editor());
create policy "Authors remove drafts" on post for delete to authenticated
    using (author = auth.uid() and published_at is null);
create policy "Tags are public" on tag for select using (true);
create policy "Tags are public" on post_tag for select using (true);
create policy "Authors tag" on post_tag to authenticated
    using (exists (select from post p where p.id = post_tag.post and p.author = auth.uid()))
    with check (exists (select from post p where p.id = post_tag.post and p.author = auth.uid()));
create policy "Comments of visible posts" on comment for select
    using (exists (select from post p where p.id = comment.post));
create policy "Readers comment" on comment for insert to authenticated
    with check (author = auth.uid()
                and exists (select from post p
                             where p.id = comment.post and p.published_at <= now()));
create policy "Own comments" on comment for delete to authenticated
    using (author = auth.uid() or is_editor());
create policy "Likes are public" on post_like for select using (true);
create policy "Like" on post_like for insert to authenticated with check (user_id = auth.uid());
create policy "Unlike" on post_like for delete to authenticated using (user_id = auth.uid());
