"""The environment, right and wrong."""

import ipaddress
from pathlib import Path

import pytest

from gateway.rate_limits import Rate
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
            "BETTING_ASSET": "BTC",
            "BETTING_POOL": "2.5",
            "HOUSE_SEED_USD": "12.5",
            "TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "RATE_LIMIT_LOOPBACK": "1",
            "RATE_LIMIT_LOGIN": "5",
            "RATE_LIMIT_WALLET": "0.5/3",
            "RATE_LIMIT_BETTING": "off",
            "RATE_LIMIT_ORDERS": "200/1",
            "RATE_LIMIT_OTHER": "0.2",
            "RATE_LIMIT_ANONYMOUS": "999999.999/9999999",
            "CORS_ORIGINS": "https://example.com, http://10.0.0.5:3000",
            "READYZ_SKIP_PING": "1",
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
        betting_asset="BTC",
        betting_pool=25 * 10**9,
        house_seed=125_000,
        trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1")),
        rate_limit_loopback=True,
        rate_limit_login=Rate(5, 10),
        rate_limit_wallet=Rate(0.5, 3),
        rate_limit_betting=None,
        rate_limit_orders=Rate(200, 1),
        rate_limit_other=Rate(0.2, 1),
        rate_limit_anonymous=Rate(999_999.999, 9_999_999),
        cors_origins=("https://example.com", "http://10.0.0.5:3000"),
        readyz_skip_ping=True,
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
        ("BETTING_ASSET", "EUR"),
        ("BETTING_ASSET", "usd"),
        ("BETTING_POOL", "1e6"),
        ("BETTING_POOL", "0.00001"),
        ("BETTING_POOL", "-1"),
        ("HOUSE_SEED_USD", "1e6"),
        ("HOUSE_SEED_USD", "0.00001"),
        ("HOUSE_SEED_USD", "-1"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "localhost"),
        ("RATE_LIMIT_LOOPBACK", "true"),
        ("RATE_LIMIT_LOGIN", "0"),
        ("RATE_LIMIT_LOGIN", "0.000/5"),
        ("RATE_LIMIT_WALLET", "10/0"),
        ("RATE_LIMIT_WALLET", "10/"),
        ("RATE_LIMIT_BETTING", "10/20/30"),
        ("RATE_LIMIT_BETTING", "10/2.5"),
        ("RATE_LIMIT_ORDERS", "-1"),
        ("RATE_LIMIT_ORDERS", "1e3"),
        ("RATE_LIMIT_ORDERS", "1_000"),
        ("RATE_LIMIT_ORDERS", "\u0661"),
        ("RATE_LIMIT_OTHER", "inf"),
        ("RATE_LIMIT_OTHER", "9" * 5_000),
        ("RATE_LIMIT_ANONYMOUS", "10 / 20"),
        ("RATE_LIMIT_ANONYMOUS", "OFF"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", ","),
        ("CORS_ORIGINS", "example.com"),
        ("CORS_ORIGINS", "https://example.com/"),
        ("CORS_ORIGINS", "https://example.com:443"),
        ("CORS_ORIGINS", "https://example.com,"),
        ("CORS_ORIGINS", "https://example.com https://example.org"),
        ("READYZ_SKIP_PING", "yes"),
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


def test_a_pool_is_counted_in_its_asset() -> None:
    """Ten thousand of whatever it is, if nothing else is said; BTC has more decimals than USD."""
    assert from_environment({}).betting_pool == 10_000 * 10**4
    assert from_environment({"BETTING_ASSET": "BTC"}).betting_pool == 10_000 * 10**10
    assert from_environment({"BETTING_ASSET": "BTC", "BETTING_POOL": "0.0000000001"}).betting_pool == 1
    assert from_environment({"BETTING_POOL": "0"}).betting_pool == 0
