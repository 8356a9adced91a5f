"""Which addresses of the network are everybody's, and so may be asked on a client's behalf."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

# What Python, or an older version of it, calls global: translators between IPv4 and IPv6, and two
# services that clouds answer their own machines at: Oracle's 192.0.0.192 and Azure's 168.63.129.16.
_CLOSED_4 = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("168.63.129.16/32"),
)
# All that is routed between networks; what is outside is local, reserved or wraps IPv4.
_ROUTED_6 = IPv6Network("2000::/3")
# Teredo and 6to4 wrap IPv4, and nobody keeps pictures behind them; a range for documentation.
_CLOSED_6 = (IPv6Network("2001::/23"), IPv6Network("2002::/16"), IPv6Network("3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Say whether an address is of the public internet.

    All others may be this machine, its neighbours or what a cloud tells its machines: loopback,
    private, link-local, shared, multicast and reserved ones, and IPv6 that wraps one of them.
    """
    if isinstance(address, IPv4Address):
        return (
            address.is_global
            and not address.is_multicast
            and not any(address in network for network in _CLOSED_4)
        )
    # A network without IPv4 reaches the rest of the internet by NAT64.
    wrapped = IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else address.ipv4_mapped
    if wrapped is not None:
        return is_public(wrapped)
    return (
        address.is_global
        and address in _ROUTED_6
        and not any(address in network for network in _CLOSED_6)
    )
