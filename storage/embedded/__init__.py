"""The embedded PostgreSQL: a real server from a wheel's programs, made, run, restarted and stopped by Rialto.

    server       what Rialto sees: run, stop, dsn
    postmaster   one server process: its settings, its start, its end
    processes    finding and stopping a server that outlived its Rialto
    server_log   what the server says, in a file of bounded size
    cluster      the data directory, made once
    programs     the wheel's programs, copied if need be
    home         where all that lies
    account      as whom it runs

Rialto's PostgreSQL has no TCP port: clients of this machine reach it by a unix socket with a random password.
"""

from storage.embedded.account import PostgresUnusable
from storage.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "PostgresUnusable"]
