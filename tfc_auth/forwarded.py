"""Read what proxies say about the request that they pass on: X-Forwarded-For, or Forwarded (RFC 7239).

Each proxy appends to what it was sent. So the right end is written by the peer, and what stands left of the
first address that is no trusted proxy may be written by anybody. Everything here is read from the right, and
only as far as trusted proxies have written it (docs/decisions/0018-what-proxies-say.md).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

# An address with or without a port, which may be hidden as `_name` (RFC 7239, section 6).
NODE = re.compile(r"(?:\[(?P<inner>[^][]+)\]|(?P<ipv4>[0-9.]+))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?")
# RFC 7239 wants quotation marks around `:` and `[`; not every proxy writes them.
PAIR = re.compile(r'[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)[ \t]*(?:;|$)')
SCHEMES = ("http", "https")
MAPPED = IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True)
class Element:
    """What one proxy says about the peer that connected to it."""

    node: str
    proto: str = ""


@dataclass(frozen=True)
class Client:
    """Who sent a request, as far as trusted proxies know.

    `hops` is the number of elements that trusted proxies wrote; `unreadable` is one that names no address.
    """

    address: Address
    hops: int = 0
    proto: str = ""
    unreadable: str | None = None


@lru_cache(maxsize=1024)  # most requests come from the same few proxies
def address_of(node: str) -> Address | None:
    """Return the address that a server or proxy names, without its port and zone; None if it names none.

    An IPv4 address that a socket for both families reports as IPv6 is an IPv4 address.
    """
    text = node.strip(" \t")
    found = NODE.fullmatch(text)
    host = (found["inner"] or found["ipv4"]) if found else text
    groups, _colon, port = host.rpartition(":")
    if port.isdecimal() and ("." in groups or (groups.count(":") == 7 and "::" not in host)):
        host = groups  # some load balancers append a port to IPv6 addresses without brackets
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def network_of(text: str) -> IPv4Network | IPv6Network:
    """Return the network of a setting, of IPv4 if it is one of mapped addresses. Raises ValueError."""
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
        return IPv4Network((int(network.network_address) % 2**32, network.prefixlen - 96))
    return network


def client_of(peer: Address, elements: Iterable[Element], is_proxy: Callable[[Address], bool]) -> Client:
    """Return the client of a trusted peer: the first address from the right that is no trusted proxy.

    Where a proxy names no address, the client is that proxy: nobody gets out of a limit by hiding.
    """
    client = Client(peer)
    for element in elements:
        found = address_of(element.node)
        if found is None:
            return Client(client.address, client.hops + 1, element.proto, element.node)
        client = Client(found, client.hops + 1, element.proto)
        if not is_proxy(found):
            break
    return client


def of_x_forwarded_for(header: str) -> Iterator[Element]:
    """Yield the elements of X-Forwarded-For, last first."""
    for text in reversed(header.split(",")):
        node = text.strip(" \t")
        if len(node) > 1 and node[0] == node[-1] == '"':
            node = node[1:-1]
        if node:
            yield Element(node)


def of_forwarded(header: str) -> Iterator[Element]:
    """Yield the elements of Forwarded, last first. One that breaks the grammar is unreadable as a whole."""
    for text in split_from_right(header):
        if not text.strip(" \t"):
            continue
        parameters = parameters_of(text)
        if parameters is None:
            yield Element(f"Forwarded: {text.strip()}")  # no address, whatever it looks like
        else:
            yield Element(parameters.get("for", ""), parameters.get("proto", ""))


def split_from_right(header: str) -> Iterator[str]:
    """Yield what stands between commas outside of quotation marks, last first.

    Read from the left, a quotation mark that a client has left open would swallow what proxies append.
    """
    end, quoted = len(header), False
    for place in range(len(header) - 1, -1, -1):
        if header[place] == '"' and not is_escaped(header, place):
            quoted = not quoted
        elif header[place] == "," and not quoted:
            yield header[place + 1 : end]
            end = place
    yield header[:end]


def is_escaped(text: str, place: int) -> bool:
    start = place
    while start and text[start - 1] == "\\":
        start -= 1
    return (place - start) % 2 == 1


def parameters_of(element: str) -> dict[str, str] | None:
    """Return the parameters by their names in small letters; None if they break the grammar or come twice."""
    parameters: dict[str, str] = {}
    place = 0
    while place < len(element):
        found = PAIR.match(element, place)
        if found is None or found[1].lower() in parameters:
            return None
        value = found[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        parameters[found[1].lower()] = value
        place = found.end()
    return parameters


def scheme_of(header: str, hops: int) -> tuple[str, bool]:
    """Return http or https of X-Forwarded-Proto, and whether that is what the header plainly says.

    Proxies overwrite it, or append to it as to X-Forwarded-For: the last `hops` values are theirs, and the
    first of those is from the proxy that the client has reached. Anything but https is http.
    """
    values = [value.strip(' \t"').lower() for value in header.split(",") if value.strip(' \t"')]
    if not values:
        return "http", False
    value = values[-min(max(hops, 1), len(values))]
    if value == "https":
        return "https", True
    return "http", value == "http" and "https" not in values
