-- The database and its two roles; docs/deployment.md, "Database", says why there are two. As the superuser, with the
-- passwords in the environment: OWNER_PASSWORD=... SITE_PASSWORD=... psql --file roles.sql
\set ON_ERROR_STOP on
\set owner_password `printf %s "$OWNER_PASSWORD"`
\set site_password `printf %s "$SITE_PASSWORD"`
CREATE ROLE tfc_auth_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE tfc_auth LOGIN PASSWORD :'site_password';
CREATE DATABASE tfc_auth OWNER tfc_auth_owner;
REVOKE ALL ON DATABASE tfc_auth FROM PUBLIC;
GRANT CONNECT ON DATABASE tfc_auth TO tfc_auth;

\connect tfc_auth
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO tfc_auth_owner;
GRANT USAGE ON SCHEMA public TO tfc_auth;
ALTER DEFAULT PRIVILEGES FOR ROLE tfc_auth_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tfc_auth;
ALTER DEFAULT PRIVILEGES FOR ROLE tfc_auth_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO tfc_auth;
