"""The environment, right and wrong."""

import ipaddress
from pathlib import Path

import pytest

from gateway.settings import VARIABLES, Settings, SettingsError, from_environment


def test_nothing_set_is_the_defaults() -> None:
    settings = from_environment({})
    assert settings == Settings()
    assert (settings.bind_addr, settings.bind_port) == ("127.0.0.1", 8080)
    assert settings.jwt_secret is None
    assert settings.admin_password is None
    assert settings.house_seed == 1_000_000 * 10_000


def test_an_empty_variable_is_not_set() -> None:
    assert from_environment(dict.fromkeys(VARIABLES, "")) == Settings()


def test_everything_set() -> None:
    settings = from_environment(
        {
            "BIND_ADDR": "::1",
            "BIND_PORT": "0",
            "DATABASE_URL": "postgresql://rialto@localhost/rialto",
            "RIALTO_DATA": "/var/lib/rialto",
            "JWT_SECRET": "s" * 32,
            "JWT_ISS": "issuer",
            "JWT_AUD": "audience",
            "JWT_EXP_DAYS": "30",
            "ADMIN_USERNAME": "root",
            "ADMIN_PASSWORD": "long enough",
            "SIMULATED_DEPOSITS": "0",
            "HOUSE_SEED_USD": "12.5",
            "TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "RATE_LIMIT_LOOPBACK": "1",
            "LOG_FORMAT": "json",
            "REQUEST_DEADLINE_S": "2.5",
            "PATH": "is none of ours",
        }
    )
    assert settings == Settings(
        bind_addr="::1",
        bind_port=0,
        database_url="postgresql://rialto@localhost/rialto",
        data_folder=Path("/var/lib/rialto"),
        jwt_secret="s" * 32,
        jwt_iss="issuer",
        jwt_aud="audience",
        jwt_exp_days=30,
        admin_username="root",
        admin_password="long enough",
        simulated_deposits=False,
        house_seed=125_000,
        trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1")),
        rate_limit_loopback=True,
        log_format="json",
        request_deadline_s=2.5,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BIND_ADDR", "everywhere"),
        ("BIND_PORT", "65536"),
        ("BIND_PORT", "-1"),
        ("BIND_PORT", "8_080"),
        ("BIND_PORT", "\u0668\u0660"),
        ("BIND_PORT", "9" * 5_000),
        ("DATABASE_URL", "mysql://localhost"),
        ("JWT_SECRET", "short"),
        ("JWT_EXP_DAYS", "0"),
        ("JWT_EXP_DAYS", "366"),
        ("ADMIN_USERNAME", "a b"),
        ("ADMIN_PASSWORD", "1234567"),
        ("SIMULATED_DEPOSITS", "yes"),
        ("HOUSE_SEED_USD", "1e6"),
        ("HOUSE_SEED_USD", "0.00001"),
        ("HOUSE_SEED_USD", "-1"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "localhost"),
        ("RATE_LIMIT_LOOPBACK", "true"),
        ("LOG_FORMAT", "xml"),
        ("REQUEST_DEADLINE_S", "0"),
        ("REQUEST_DEADLINE_S", "inf"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment({name: value})
    sentence = str(caught.value)
    assert sentence.startswith(f"{name} ")
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_secret_is_not_quoted() -> None:
    for name in ("JWT_SECRET", "ADMIN_PASSWORD"):
        with pytest.raises(SettingsError) as caught:
            from_environment({name: "hush"})
        assert "hush" not in str(caught.value)
