-- Counters, for authguard.statistics. A sequence counts without a lock that lasts until the
-- transaction ends: no sign-in waits for another one because of it. They are in no dump, so a
-- restored database counts anew.

create sequence authguard.sign_in_count;
comment on sequence authguard.sign_in_count is
    'Counts sessions that began';
create sequence authguard.refresh_count;
comment on sequence authguard.refresh_count is
    'Counts refreshes that were answered with the status ok';
create sequence authguard.reuse_count;
comment on sequence authguard.reuse_count is
    'Counts refreshes that were answered with the status reused';
create sequence authguard.theft_count;
comment on sequence authguard.theft_count is
    'Counts sessions that ended because a superseded refresh token was used';
create sequence authguard.ending_count;
comment on sequence authguard.ending_count is
    'Counts sessions that ended, for whatever reason';

create sequence authguard.prune_time minvalue 0;
comment on sequence authguard.prune_time is
    'When authguard.prune() last ran, in seconds since 1970. A sequence, so that no two calls wait '
    'for each other';
