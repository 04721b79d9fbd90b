-- finds: secret_key_readable error app.share_links Links are readable
-- A document opens for whoever sends the token of a link, and everybody can list the tokens.
create table documents (id bigint primary key, owner uuid, body text);
create table share_links (document_id bigint references documents, token text primary key);
alter table documents enable row level security;
alter table share_links enable row level security;
create policy "Links are readable" on share_links for select to anon using (true);
create policy shared on documents for select to anon using (exists (
    select from share_links s
    where s.document_id = documents.id
      and s.token = current_setting('request.headers', true)::json ->> 'x-share-token'));

insert into documents values (1, null, 'secret');
insert into share_links values (1, 'hard to guess');
select authguard.act_as('anon', null);
do $$ begin assert not exists (select from documents); end $$;
select set_config('request.headers', json_build_object('x-share-token', token)::text, true)
  from share_links;
do $$ begin assert exists (select from documents); end $$;
select authguard.act_reset();
