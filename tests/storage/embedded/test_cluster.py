"""A cluster of another major version is refused."""

from pathlib import Path

import pytest

from storage.embedded import PostgresUnusable
from storage.embedded.cluster import check_version


def test_our_own_version_is_taken(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("18\n")
    check_version(tmp_path)


@pytest.mark.parametrize(
    ("version", "way_out"),
    [
        ("19", "run the newer Rialto that wrote it."),
        ("17", "upgrade it with pg_upgrade."),
        ("9.6", "upgrade it with pg_upgrade."),
    ],
)
def test_another_version_is_refused_in_one_sentence(tmp_path: Path, version: str, way_out: str) -> None:
    (tmp_path / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(PostgresUnusable) as refusal:
        check_version(tmp_path)
    assert str(refusal.value) == (
        f"The database in {tmp_path} was written by PostgreSQL {version} and this Rialto brings 18: {way_out}"
    )
