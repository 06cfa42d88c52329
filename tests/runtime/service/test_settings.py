"""Settings: flags before the environment before defaults, and everything that is wrong told at once."""

from typing import Any

import pytest

from comb_compiler.runtime.service import SETTINGS, BadSettings, Settings, read_settings


def test_every_field_is_explained_in_order() -> None:
    assert tuple(setting.name for setting in SETTINGS) == Settings._fields
    assert all(setting.meaning for setting in SETTINGS)


def test_every_default_is_good() -> None:
    assert read_settings({}, {}) == Settings()
    said = {setting.variable: str(setting.default) for setting in SETTINGS}
    assert read_settings({}, said) == Settings()


def test_flags_come_before_the_environment_and_that_before_defaults() -> None:
    environment = {"COMB_REQUESTS": "7", "COMB_DRAIN": "1.5", "COMB_FORCED_ARMS": "yes"}
    settings = read_settings({"requests": "9", "drain": None}, environment, Settings(settle=3.0))
    assert (settings.requests, settings.drain, settings.forced_arms, settings.settle) == (9, 1.5, True, 3.0)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"requests": "0"}, "--requests is '0', and must be a whole number of at least 1"),
        ({"requests": "1.5"}, "--requests is '1.5', and must be a whole number of at least 1"),
        ({"requests": ""}, "--requests is '', and must be a whole number of at least 1"),
        ({"drain": "inf"}, "--drain is 'inf', and must be a number of at least 0 seconds"),
        ({"drain": "-1"}, "--drain is '-1', and must be a number of at least 0 seconds"),
        ({"reflection": "perhaps"}, "--reflection is 'perhaps', and must be true or false"),
        ({"grpc_port": "65536"}, "--grpc-port is 65536, and ports end at 65535"),
        ({"grpc_port": "99", "http_port": "99"}, "--grpc-port and --http-port are both 99, and must differ"),
        ({"tls_certificate": "a"}, "--tls-certificate and --tls-key go together, and only one is given"),
        ({"release": "né"}, "--release is 'né', and must be letters, digits and any of . _ : @ + -"),
        ({"release": "a\n"}, "--release is 'a\\n', and must be letters, digits and any of . _ : @ + -"),
        ({"tls_client_ca": "a"}, "--tls-client-ca needs --tls-certificate"),
    ],
)
def test_what_cannot_be_is_a_sentence(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadSettings) as caught:
        read_settings(given, {})
    assert caught.value.reasons == (reason,)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BadSettings) as caught:
        read_settings({"requests": "x", "tls_key": "k"}, {"COMB_SETTLE": "y"})
    assert len(caught.value.reasons) == 3
