"""Which addresses are refused, in every spelling."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.network.addresses import (
    ForbiddenAddressError,
    guarded_socket,
    is_forbidden,
)

LINK_LOCAL = st.ip_addresses(network="169.254.0.0/16").map(int)
HIDING_PLACES = st.sampled_from(
    [
        "::{}",
        "::ffff:{}",
        "::ffff:0:{}",
        "64:ff9b::{}",
        "64:ff9b:1::{}",
        "64:ff9b:1:ffff::{}",
    ]
)


@given(LINK_LOCAL, HIDING_PLACES)
def test_a_link_local_address_hides_nowhere(address: int, place: str) -> None:
    written = ipaddress.IPv4Address(address)
    assert is_forbidden(str(written))
    hidden = ipaddress.IPv6Address(place.format(written))
    assert is_forbidden(str(hidden))
    assert is_forbidden(hidden.exploded)


@given(LINK_LOCAL, st.sampled_from([32, 40, 48, 56, 64, 96]), st.integers(0, 2**128 - 1))
def test_no_length_of_a_nat64_prefix_hides_it(address: int, length: int, rest: int) -> None:
    """Written bit by bit, as RFC 6052's table has it: prefix, IPv4, zero octet, suffix."""
    prefix = format(0x0064_FF9B << 96 | (rest >> 32) % 2**96, "0128b")[:length]
    if length >= 48:
        prefix = format(0x0064_FF9B_0001, "048b") + prefix[48:]
    bits = prefix + format(address, "032b")
    if length < 96:
        bits = bits[:64] + "0" * 8 + bits[64:]
    hidden = ipaddress.IPv6Address(int((bits + format(rest, "0128b"))[:128], 2))
    assert is_forbidden(str(hidden))


@given(LINK_LOCAL, st.integers(0, 2**64 - 1), st.sampled_from([0x0000_5EFE, 0x0200_5EFE]))
def test_no_isatap_address_hides_it(address: int, prefix: int, marker: int) -> None:
    assert is_forbidden(str(ipaddress.IPv6Address(prefix << 64 | marker << 32 | address)))


@given(LINK_LOCAL, st.integers(0, 2**32 - 1), st.booleans())
def test_no_teredo_address_hides_it(address: int, other: int, as_server: bool) -> None:
    server, client = (address, other) if as_server else (other, address)
    mapped = client ^ 0xFFFF_FFFF
    hidden = ipaddress.IPv6Address(0x2001_0000 << 96 | server << 64 | 0x8000 << 48 | mapped)
    assert is_forbidden(str(hidden))


@given(LINK_LOCAL, st.integers(0, 2**80 - 1))
def test_a_6to4_prefix_is_its_router(address: int, rest: int) -> None:
    assert is_forbidden(str(ipaddress.IPv6Address(0x2002 << 112 | address << 80 | rest)))


@given(st.ip_addresses(network="fe80::/10"), st.sampled_from(["", "%lo", "%2"]))
def test_ipv6_link_local_is_refused_with_and_without_a_zone(
    address: ipaddress.IPv6Address, zone: str
) -> None:
    assert is_forbidden(f"{address}{zone}")


@pytest.mark.parametrize("host", ["fd00:ec2::254", "2852039166", "example.com", "", "::g"])
def test_the_metadata_address_and_what_is_no_address_are_refused(host: str) -> None:
    assert is_forbidden(host)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.253.255.255"),
        *("169.255.0.0", "93.184.216.34", "::1", "fd00:ec2::253", "fec0::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::", "2001:db8::5efe:10.0.0.1"),
        *("64:ff9b:1::10.0.0.1", "64:ff9b:1:a00:0:100::", "2001:db8::a9fe:a9fe"),
    ],
)
def test_loopback_private_and_public_addresses_are_allowed(host: str) -> None:
    assert not is_forbidden(host)


def test_no_socket_is_made_for_a_forbidden_address() -> None:
    with pytest.raises(ForbiddenAddressError, match=r"169\.254\.169\.254 is a link-local"):
        guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("169.254.169.254", 80)))
