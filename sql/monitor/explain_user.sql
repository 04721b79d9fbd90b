-- Why a user sees nothing, for an operator who knows the user's id and has no token.

create function authguard.user_in_namespace(
    namespace pg_catalog.uuid, subject pg_catalog.text)
returns pg_catalog.uuid
language c immutable strict cost 10
as 'MODULE_PATHNAME', 'authguard_user_in_namespace';
comment on function authguard.user_in_namespace(pg_catalog.uuid, pg_catalog.text) is
    'The UUIDv5 of a subject (RFC 9562 section 5.5): what auth.uid() is for an issuer with that '
    'subject_namespace. NULL for NULL';

create function authguard.attached_rows(names pg_catalog.text[])
returns table (
    relation pg_catalog.regclass, kind pg_catalog.text, issuer pg_catalog.text,
    found pg_catalog.int8, reason pg_catalog.text)
language c stable strict cost 1000 rows 2
as 'MODULE_PATHNAME', 'authguard_attached_rows';
comment on function authguard.attached_rows(pg_catalog.text[]) is
    'Returns what each attached table has of a user with these names (in canonical form): issuer '
    'as in authguard.attached; found: how many rows, of sessions those that are not past their '
    'time; reason: why it shuts the user out, as auth.revocation_reason() says it, or NULL. No row '
    'for NULL';

create function authguard.explain_user(
    user_id pg_catalog.text,
    out step pg_catalog.int4, out check_name pg_catalog.text, out passed pg_catalog.bool,
    out answer pg_catalog.text, out note pg_catalog.text)
returns setof pg_catalog.record
language plpgsql stable security definer cost 10000 rows 10
set search_path = pg_catalog, pg_temp
as $$
declare
    subject constant pg_catalog.text := authguard.identity('user_id', user_id);
    names pg_catalog.text[] := array[subject];
    aliases pg_catalog.text;
    unavailable constant pg_catalog.text := authguard.unavailable();
    is_shut_out pg_catalog.bool := false;
    of_some pg_catalog.bool := false;
    is_cut_off pg_catalog.bool := false;
    of_clients pg_catalog.bool := false;
    signs_here constant pg_catalog.bool := exists (select from authguard.keys k where k.signs);
    begun pg_catalog.int8;
    live pg_catalog.int8;
    newest pg_catalog.timestamptz;
    entry authguard.revocation;
    source record;
    of_issuer pg_catalog.text;
begin
    step := 1;
    check_name := 'user';
    select pg_catalog.string_agg(
               pg_catalog.format('%s at issuer %s', u.name, pg_catalog.quote_literal(u.issuer)),
               ', ' order by u.issuer),
           names || coalesce(pg_catalog.array_agg(u.name order by u.issuer), '{}')
      into aliases, names
      from (select i.issuer, authguard.user_in_namespace(
                       i.subject_namespace, explain_user.user_id)::pg_catalog.text as name
              from authguard.issuer i
             where i.subject_namespace is not null) u;
    answer := subject;
    note := pg_catalog.concat_ws(' ',
        case when subject <> user_id
             then 'That is the canonical form, in which ids are stored and compared.' end,
        'As the subject of an issuer with a namespace: ' || aliases || '.');
    note := nullif(note, '');
    return next;

    step := step + 1;
    check_name := 'database';
    passed := unavailable is null;
    answer := case unavailable
        when 'replica_lag'
            then 'this standby is too far behind: every token counts as revoked here'
        when 'restored'
            then 'this database is a copy that nobody has acknowledged: every token is revoked'
        else 'it knows what is revoked' end;
    note := case unavailable
        when 'replica_lag' then 'See authguard.max_replay_lag; ask the primary.'
        when 'restored' then 'See authguard.after_restore; then authguard.acknowledge_restore().'
        end;
    return next;

    step := step + 1;
    check_name := 'blocked';
    for entry in
        select r.* from authguard.revocation r
         where r.kind = 'user' and r.key = any (names)
           and authguard.blocks(r.blocked, r.blocked_until)
         order by r.issuer nulls first
    loop
        is_shut_out := is_shut_out or entry.issuer is null and entry.key = subject;
        of_some := true;
        passed := false;
        answer := pg_catalog.format('blocked%s %s, since %s, until %s, by %I%s%s',
            case when entry.key <> subject then ' as ' || entry.key end,
            case when entry.issuer is null then 'at every issuer'
                 else 'at issuer ' || pg_catalog.quote_literal(entry.issuer) end,
            entry.revoked_at, coalesce(entry.blocked_until::pg_catalog.text, 'restored'),
            entry.revoked_by,
            case when entry.event_at is not null
                 then ' because of an event of the issuer, of ' || entry.event_at else '' end,
            coalesce(': ' || entry.reason, ''));
        note := pg_catalog.format('Signing in again does not help. To lift it: '
            'select authguard.restore_user(%L)%s', entry.key,
            case when entry.event_at is not null then '; a later event of the issuer lifts it, too'
                 else '' end);
        return next;
    end loop;
    if not found then
        passed := true;
        answer := 'no entry blocks the user';
        note := null;
        return next;
    end if;

    step := step + 1;
    for entry in
        select r.* from authguard.revocation r
         where r.issued_before is not null
           and (r.kind in ('user', 'claims') and r.key = any (names)
                or r.kind = 'issuer' and r.key = '')
         order by r.kind = 'issuer', r.kind desc, r.issuer nulls first
    loop
        is_cut_off := true;
        check_name := case entry.kind when 'user' then 'cut_off' when 'claims' then 'claims'
                           else 'issuer_cut_off' end;
        -- Only the token says when it was issued.
        passed := null;
        of_issuer := case when entry.issuer is null then 'every issuer'
                          else 'issuer ' || pg_catalog.quote_literal(entry.issuer) end;
        answer := pg_catalog.format('%s%s of %s that were issued up to %s are %s, by %I%s',
            case entry.kind when 'issuer' then 'everybody''s tokens' else 'the user''s tokens' end,
            case when entry.key not in (subject, '') then ' as ' || entry.key end,
            of_issuer, entry.issued_before,
            case entry.kind when 'claims' then 'out of date' else 'revoked' end,
            entry.revoked_by, coalesce(': ' || entry.reason, ''));
        note := case entry.kind
            when 'claims' then 'A refresh gives a token that is accepted.'
            else 'Signing in again gives a token that is accepted; one of another issuer from '
                'authguard.leeway after that time on.' end;
        return next;
    end loop;
    if not found then
        check_name := 'cut_off';
        passed := true;
        answer := 'no cut-off covers tokens of the user';
        note := null;
        return next;
    end if;

    for entry in
        select r.* from authguard.revocation r
         where r.kind = 'grant' and r.key = any (names)
         order by r.client_id, r.issuer nulls first
    loop
        -- A step of its own only if there is one: most users have none.
        if not of_clients then
            step := step + 1;
            check_name := 'clients';
            of_clients := true;
        end if;
        -- Only the token names its client.
        passed := null;
        answer := pg_catalog.format('%s of client %s%s of %s are revoked, by %I%s',
            case when entry.blocked then 'all of the user''s tokens'
                 else 'the user''s tokens that were issued up to ' || entry.issued_before end,
            pg_catalog.quote_literal(entry.client_id),
            case when entry.key <> subject then ' as ' || entry.key end,
            case when entry.issuer is null then 'every issuer'
                 else 'issuer ' || pg_catalog.quote_literal(entry.issuer) end,
            entry.revoked_by, coalesce(': ' || entry.reason, ''));
        note := case when entry.blocked then pg_catalog.format(
            'To lift it: select authguard.restore_client(%L, user_id => %L)',
            entry.client_id, entry.key) end;
        return next;
    end loop;

    step := step + 1;
    check_name := 'attached';
    for source in
        select a.* from authguard.attached_rows(names) a order by a.relation::pg_catalog.oid
    loop
        of_issuer := coalesce(
            ' (decides about tokens of issuer ' || pg_catalog.quote_literal(source.issuer) || ')',
            '');
        passed := source.reason is null;
        is_shut_out := is_shut_out or not passed and source.issuer is null;
        of_some := of_some or not passed;
        answer := source.relation || of_issuer || ': ' || case
            when source.reason = 'source_broken' then 'it cannot be read as it is'
            when source.kind = 'sessions' then pg_catalog.format(
                '%s sessions of the user that are not past their time', source.found)
            when source.reason = 'user_deleted' and source.found = 0
                then 'it has no row of the user'
            when source.reason = 'user_deleted' then 'the user''s row is marked as deleted'
            when source.reason = 'user_banned' then 'the user''s row says that the user is banned'
            when source.reason = 'user' then 'the user''s metadata says access_revoked'
            else 'the user''s row lets the user in' end;
        note := case
            when source.reason = 'source_broken'
                then 'Everybody whom it decides about is shut out; authguard.coverage() says why.'
            when source.reason is not null
                then 'Whoever keeps that table can change it; it counts from the next statement on.'
            when source.kind = 'sessions'
                then 'A token whose session is none of the table''s is revoked (session_ended).'
            end;
        return next;
    end loop;
    if not found then
        passed := true;
        answer := 'no table is attached';
        note := null;
        return next;
    end if;

    step := step + 1;
    check_name := 'sessions';
    select pg_catalog.count(*), max(s.created_at) into begun, newest
      from authguard.session s
     where s.user_id = subject and s.ended_at is null;
    select pg_catalog.count(*) into live
      from authguard.live_sessions s
     where s.user_id = subject;
    -- Users of other issuers have none here.
    passed := null;
    answer := case
        when begun = 0 then 'the user has no session of the local issuer that has not ended'
        when live = begun then pg_catalog.format(
            '%s live, the newest since %s', live, newest)
        else pg_catalog.format(
            '%s live; %s have not ended, but are cut off or past their time', live, begun - live)
        end;
    note := case when live = 0 and signs_here
        then 'authguard.recent_events says why sessions ended.' end;
    return next;

    step := step + 1;
    check_name := 'verdict';
    passed := case when unavailable is not null or is_shut_out then false
                   when of_some or is_cut_off or of_clients or live = 0 and signs_here then null
                   else true end;
    answer := case
        when unavailable is not null then 'every token is revoked here, whoever has it'
        when is_shut_out then 'the user is shut out, with any token'
        when of_some then 'the user is shut out with tokens of the issuers that are named above'
        when live = 0 and signs_here
            then 'nothing shuts the user out, but no session of the local issuer is live: the user '
                'has to sign in, unless another issuer signs the tokens'
        when is_cut_off then 'the user can come in, but not with tokens from before a cut-off'
        when of_clients
            then 'the user can come in, but not through the clients that are named above'
        else 'nothing here shuts the user out' end;
    note := case when unavailable is not null or is_shut_out then null
        else 'Then the token or the policies decide: authguard.explain_token(token) looks at a '
            'token, auth.whoami() at what a request has set, and authguard.act_as_user(user_id) '
            'shows what the user sees.' end;
    return next;
end
$$;
comment on function authguard.explain_user(pg_catalog.text) is
    'Says why a user sees nothing, in rows. check_name: user, database, blocked, cut_off, claims, '
    'issuer_cut_off, clients, attached, sessions or verdict. passed: false if it shuts the user '
    'out; true if it does not; NULL if it depends on the token. answer: what was found, in words; '
    'note: what follows, or NULL. user_id: claim sub; that of an issuer with a subject_namespace '
    'is looked for as its UUID, too. Entries of single tokens, of sessions and of clients for '
    'every user are not looked at. authguard.grant_monitor lets a role call it. 22004 if user_id '
    'is NULL, 22023 if it is empty or too long';

create function authguard.explain_user(
    user_id pg_catalog.uuid,
    out step pg_catalog.int4, out check_name pg_catalog.text, out passed pg_catalog.bool,
    out answer pg_catalog.text, out note pg_catalog.text)
returns setof pg_catalog.record
language sql stable rows 10
begin atomic
    select e.* from authguard.explain_user(user_id::pg_catalog.text) e order by e.step;
end;
comment on function authguard.explain_user(pg_catalog.uuid) is
    'As authguard.explain_user for a user_id of type text';

create function authguard.explain_user(
    user_id pg_catalog.int8,
    out step pg_catalog.int4, out check_name pg_catalog.text, out passed pg_catalog.bool,
    out answer pg_catalog.text, out note pg_catalog.text)
returns setof pg_catalog.record
language sql stable rows 10
begin atomic
    select e.* from authguard.explain_user(user_id::pg_catalog.text) e order by e.step;
end;
comment on function authguard.explain_user(pg_catalog.int8) is
    'As authguard.explain_user for a user_id of type text';
