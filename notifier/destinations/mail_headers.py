"""How a mail's headers are folded: whatever script, they read as the text was written.

The ``email`` package's own folding loses blanks between encoded words, and writes
words of 76 characters where 75 are the most (RFC 2047, 2); its older
:class:`email.header.Header` does neither, and cuts no character in two.
"""

from email.header import Header
from email.headerregistry import (
    Address,
    AddressHeader,
    BaseHeader,
    HeaderRegistry,
    MessageIDHeader,
    UnstructuredHeader,
)
from email.policy import Policy

MAX_LINE = 75


def registry() -> HeaderRegistry:
    """Return the usual headers, but for texts, addresses, and ids, which stay whole."""
    found = HeaderRegistry()
    found.map_to_type("subject", _Text)
    for name in ("from", "to", "reply-to"):
        found.map_to_type(name, _Addresses)
    for name in ("in-reply-to", "references", "list-id"):
        found.map_to_type(name, MessageIDHeader)  # type: ignore[arg-type]
    return found


class _Text(UnstructuredHeader, BaseHeader):
    def fold(self, *, policy: Policy) -> str:
        """Return the whole header, in encoded words where it is not all ASCII."""
        words = _folded(str(self), policy, header_name=self.name)
        return f"{self.name}: {words}{policy.linesep}"


class _Addresses(AddressHeader, BaseHeader):  # type: ignore[misc] # as the registry does
    def fold(self, *, policy: Policy) -> str:
        """Return the whole header, an address a line."""
        first, *others = self.addresses
        lines = [_line(first, policy, header_name=self.name)]
        lines += [_line(one, policy, header_name="") for one in others]
        return f"{self.name}: {f',{policy.linesep} '.join(lines)}{policy.linesep}"


def _line(address: Address, policy: Policy, *, header_name: str) -> str:
    name = address.display_name
    if name.isascii() and "=?" not in name:
        return str(address)
    folded = _folded(name, policy, header_name=header_name)
    return f"{folded}{policy.linesep} <{address.addr_spec}>"


def _folded(text: str, policy: Policy, *, header_name: str) -> str:
    header = Header(
        text,
        _charset(text, header_name),
        maxlinelen=MAX_LINE,
        header_name=header_name or None,
    )
    return header.encode(linesep=policy.linesep)


def _charset(text: str, header_name: str) -> str:
    """Return how a text is written: a first word too long for its line would get a blank."""
    first, *_ = text.split(" ")
    fits = len(header_name) + len(": ") + len(first) <= MAX_LINE
    return "us-ascii" if fits and text.isascii() and "=?" not in text else "utf-8"
