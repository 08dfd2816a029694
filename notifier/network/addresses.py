"""Where nothing is ever delivered to, and which hosts' names can be looked up at all.

Forbidden are link-local and cloud metadata addresses. Loopback and private ones are
fine: receivers are often hosted next door.
"""

import ipaddress
import socket
from collections.abc import Iterator
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressInfo: TypeAlias = tuple[
    int | socket.AddressFamily,
    int | socket.SocketKind,
    int,
    str,
    tuple[str, int] | tuple[str, int, int, int],
]
"""What ``getaddrinfo`` returns: family, type, protocol, canonical name, address."""

FORBIDDEN = (
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
    ipaddress.ip_network("fd00:ec2::254/128"),
)
# Their last 32 bits are an IPv4 address: IPv4-compatible, IPv4-mapped and
# IPv4-translated (RFC 2765).
ENDING_IN_IPV4 = tuple(
    ipaddress.IPv6Network(prefix) for prefix in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96")
)
# NAT64's own prefix and the local one (RFC 8215), under which each host chooses one of six
# lengths. Source: RFC 6052, 2.2; the octet at 8 holds none of the IPv4 address.
NAT64 = ipaddress.IPv6Network("64:ff9b::/32")
NAT64_OCTETS = (
    (4, 5, 6, 7),
    (5, 6, 7, 9),
    (6, 7, 9, 10),
    (7, 9, 10, 11),
    (9, 10, 11, 12),
    (12, 13, 14, 15),
)
# What stands before the IPv4 address in the lower half, under any prefix (RFC 5214, 6.1).
ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


class ForbiddenAddressError(OSError):
    """A connection was about to go to an address that is never allowed."""


def is_forbidden(host: str) -> bool:
    """Say whether a resolved address leads to a forbidden one in any spelling.

    ``host`` is an address as ``getaddrinfo`` writes it, with or without a zone;
    anything that is no address is forbidden, since nobody can have checked it.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True
    return any(form in network for form in _forms(address) for network in FORBIDDEN)


def guarded_socket(info: AddressInfo) -> socket.socket:
    """Return a socket for exactly the address it is about to be connected to.

    aiohttp asks for it after resolving, for each address it tries, literal or
    not: what is checked here is what is connected to, whatever the URL said.
    Raises :class:`ForbiddenAddressError`.
    """
    family, kind, protocol, _, address = info
    if is_forbidden(address[0]):
        raise ForbiddenAddressError(f"{address[0]} is a link-local or metadata address")
    return socket.socket(family, kind, protocol)


def _forms(address: Address) -> Iterator[Address]:
    """Yield the address and every IPv4 address that hides in it."""
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    octets = address.packed
    if octets[8:12] in ISATAP or any(address in network for network in ENDING_IN_IPV4):
        yield ipaddress.IPv4Address(octets[12:])
    if address in NAT64:
        yield from (
            ipaddress.IPv4Address(bytes(octets[at] for at in places)) for places in NAT64_OCTETS
        )
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo


def is_host_name(name: str) -> bool:
    """Whether a look-up can carry the name: the resolver ends with a UnicodeError if not."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False
