-- The role that 20-role.sql has made gets the password that the certificates service has drawn.
\set password `cat /secrets/reader-password`
ALTER ROLE mcp_reader PASSWORD :'password';
