"""How often somebody may try a password: five wrong ones a minute from one address."""

import ipaddress
from collections import OrderedDict, deque

MOST = 5
WINDOW_S = 60.0
# Beyond so many addresses the one that was heard of longest ago is forgotten.
ADDRESSES = 4096
NEIGHBOURS = 64  # bits of an IPv6 address: whoever has one of them has them all


class Attempts:
    """Counts wrong passwords by address; times are seconds of a clock that never jumps."""

    def __init__(self) -> None:
        self._wrong_s: OrderedDict[str, deque[float]] = OrderedDict()

    def may_try(self, address: str, *, now_s: float) -> bool:
        """Whether another password is looked at, the right one included."""
        wrong_s = self._wrong_s.get(_neighbourhood(address), deque())
        return sum(now_s - at_s < WINDOW_S for at_s in wrong_s) < MOST

    def was_wrong(self, address: str, *, now_s: float) -> None:
        """Remember a wrong password."""
        where = _neighbourhood(address)
        self._wrong_s.setdefault(where, deque(maxlen=MOST)).append(now_s)
        self._wrong_s.move_to_end(where)
        while len(self._wrong_s) > ADDRESSES:
            self._wrong_s.popitem(last=False)


def _neighbourhood(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, NEIGHBOURS), strict=False))
