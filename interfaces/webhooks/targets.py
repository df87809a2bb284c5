"""Where messages may be sent: only to hosts that whoever runs the gate has named.

An enterprise that could name any address could make the gate speak to what only the gate reaches.
"""

from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")
URL_LENGTH_MAX = 2000


class Targets:
    """The hosts that are allowed, as `HOST` or `HOST:PORT`, in small letters."""

    def __init__(self, hosts: tuple[str, ...] = ()) -> None:
        self._hosts = tuple(host.lower() for host in hosts)

    def refusal(self, url: str) -> str:
        """What is allowed instead of this URL; empty if it may be told."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return "a URL such as https://example.com/gate"
        if len(url) > URL_LENGTH_MAX or not host or parts.username or parts.fragment:
            return f"a URL of at most {URL_LENGTH_MAX} characters, without user or fragment"
        if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
            return "https:// (http:// on this machine only)"
        shown = f"[{host}]" if ":" in host else host
        default = 443 if parts.scheme == "https" else 80
        if not {host, shown, f"{shown}:{port or default}"} & set(self._hosts):
            named = ", ".join(self._hosts) or "none yet, see --webhook-host"
            return f"hosts that the gate's operator has named: {named}"
        return ""
