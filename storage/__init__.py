"""Facts that survive: interfaces, PostgreSQL, the embedded server, migrations, read queries, the in-memory twin."""
