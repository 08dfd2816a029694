"""One table of words for whatever ends a connection."""

import errno
import socket
import ssl

import pytest

from notifier.network import certificates
from notifier.network.faults import ConnectionFault, Reason, fault_of, silent


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.gaierror(-2, "no name"), "crm.test cannot be resolved"),
        (OSError(errno.EHOSTUNREACH, "x"), "no connection to crm.test (no route to host)"),
        (UnicodeError("label too long"), "crm.test has no usable address"),
        (ssl.SSLError(1, "wrong version"), "no TLS connection to crm.test"),
        (ConnectionResetError(), "crm.test broke the connection off"),
        (silent(2.5), "crm.test did not answer within 2.5 s"),
    ],
)
def test_every_fault_names_the_server_and_what_is_wrong(error: Exception, told: str) -> None:
    assert fault_of(error).told("crm.test") == told


def test_of_several_addresses_the_last_says_why() -> None:
    # As asyncio raises it for a host with an IPv6 and an IPv4 address.
    summary = OSError("Multiple exceptions: [Errno 101] unreachable, [Errno 111] refused")
    assert fault_of(summary).told("x") == "no connection to x (connection refused)"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_its_words(reason: Reason) -> None:
    told = ConnectionFault(reason, "why").told("{crm}")
    assert "{crm}" in told
    assert "{host}" not in told


def test_a_host_without_authorities_trusts_mozillas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    for found in (certificates.for_http(), certificates.context()):
        assert isinstance(found, ssl.SSLContext)
        assert found.verify_mode is ssl.CERT_REQUIRED
        assert found.check_hostname
        assert found.cert_store_stats()["x509_ca"] > 50
