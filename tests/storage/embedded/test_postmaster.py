"""The server's command line says all that matters, so that no file can say otherwise."""

from pathlib import Path

from storage.embedded.postmaster import command_line


def test_the_command_begins_with_what_an_orphan_is_recognized_by() -> None:
    command = command_line(Path("/bin"), Path("/data/cluster"), Path("/socket"))
    assert command[:3] == ["/bin/postgres", "-D", "/data/cluster"]


def test_acknowledged_means_durable_and_no_port_is_open() -> None:
    command = command_line(Path("/bin"), Path("/data/cluster"), Path("/socket"))
    settings = {"fsync=on", "synchronous_commit=on", "full_page_writes=on", "listen_addresses="}
    assert settings <= set(command)


def test_a_quote_in_the_sockets_path_is_doubled() -> None:
    command = command_line(Path("/bin"), Path("/data/cluster"), Path('/a "b" c'))
    assert 'unix_socket_directories="/a ""b"" c"' in command
