"""What an address of the network is counted by."""

import ipaddress

IPV6_PREFIX = 64
"""One customer has at least this much: counting single addresses would count nothing."""


def network_of(address: str) -> str:
    """The address itself, or the /64 that an IPv6 address is in; `unknown` for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
