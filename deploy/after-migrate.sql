-- After each `migrate`: the role of the site can change neither the record of migrations nor audit events.
-- With AUDIT_RETENTION_DAYS the site deletes old events: take DELETE out of the second line.
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM tfc_auth;
REVOKE UPDATE, DELETE ON accounts_auditevent FROM tfc_auth;
