-- The last statement of every script, also of an update: new objects have the privileges that alter
-- default privileges gives, until then.
select authguard.close_grants(keep_doors => false);
