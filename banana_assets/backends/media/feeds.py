"""Podcast feeds: RSS 2.0 with Apple's additions, Atom; from files, and from hosts that are allowed.

What stands at the channel and by the format's rules holds for every entry (language, author, category, title of the
show) is taken for the entries that say nothing else, and told as the channel's word.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from time import struct_time
from typing import Any
from urllib.parse import urljoin, urlsplit

from banana_assets.core.errors import InputError
from banana_assets.core.media.records import Read, kind_of
from banana_assets.core.media.schema import RecordSchema
from banana_assets.core.media.values import Value, value_of

FEEDS = (".xml", ".rss", ".atom")
MOST_BYTES = 64 << 20
MOST_ENTRIES = 100_000
TIMEOUT = 30.0
MOST_REDIRECTS = 3
_MARKUP = re.compile(r"<[a-zA-Z/!][^>]*>|&[a-zA-Z#0-9]+;")
_COUNTED = re.compile(r"(?:#|no\.?|nr\.?|ep\.?|episode|item|post|s\d+e)?[-_ ]?\d+", re.IGNORECASE)
"""What is no name of an entry among all feeds: many count theirs."""

_BLOCKS = frozenset(("p", "br", "div", "li", "ul", "ol", "h1", "h2", "h3", "h4", "tr"))


def read_feed(data: bytes, name: str, schema: RecordSchema) -> list[Read]:
    """The entries of a feed as items. Raises InputError for what is no feed, or uses what is unsafe to read."""
    if len(data) > MOST_BYTES:
        raise InputError(f"{name} is larger than {MOST_BYTES:,} bytes.", "Name a smaller feed.")
    if not data.strip():
        raise InputError(f"{name} is empty.", "Check the address or the file.")
    _check(data, name)
    import feedparser

    told = feedparser.parse(data, response_headers={"content-location": ""})
    if not told.version and not told.entries:
        raise InputError(f"{name} is no feed (RSS, Atom).", "Check the address or the file.")
    if len(told.entries) > MOST_ENTRIES:
        raise InputError(f"{name} has more than {MOST_ENTRIES:,} entries.", "Split it into smaller files.")
    channel = _channel(told.feed, schema)
    own = str(told.feed.get("link") or told.feed.get("title") or name)
    return [_entry(entry, number, channel, schema, name, own) for number, entry in enumerate(told.entries, 1)]


def _check(data: bytes, name: str) -> None:
    """Refuse entities and what is outside of the file."""
    from xml.sax import SAXException
    from xml.sax.handler import ContentHandler

    from defusedxml.common import DefusedXmlException
    from defusedxml.sax import parseString

    try:
        parseString(data, ContentHandler())
    except DefusedXmlException as error:
        raise InputError(f"{name} declares entities or uses external ones.", "Write it without.") from error
    except (SAXException, UnicodeError, LookupError, ValueError) as error:
        # Many feeds are not well-formed, and feedparser reads them all the same; entities it must not see.
        if b"<!ENTITY" in data.replace(b"\0", b"").upper():
            raise InputError(f"{name} declares entities.", "Write it without.") from error


def _channel(feed: Any, schema: RecordSchema) -> dict[str, Value]:
    """What the channel says for its entries."""
    words = _terms(feed)
    genres = set(schema.by_name["genre"].vocabulary) if "genre" in schema.by_name else set()
    said = {
        "show": feed.get("title"),
        "artist": feed.get("author") or feed.get("publisher"),
        "language": feed.get("language"),
        "genre": [word for word in words if word in genres] or words[:1],
        "publisher": feed.get("publisher"),
    }
    return _values(said, schema, "channel", "the feed's channel")


def _entry(entry: Any, number: int, channel: dict[str, Value], schema: RecordSchema, name: str, of: str) -> Read:
    enclosure: Any = next((link for link in entry.get("links", []) if link.get("rel") == "enclosure"), {})
    content = next((part.get("value", "") for part in entry.get("content", [])), "")
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    # Without a link of its own, what feedparser gives is the entry's id, which may be any text.
    link = str(entry.get("link", ""))
    summary = max((plain_text(text) for text in (entry.get("summary", ""), content)), key=len)
    said = {
        "title": plain_text(entry.get("title", "")),
        "artist": entry.get("author"),
        "season": entry.get("itunes_season"),
        "episode": entry.get("itunes_episode"),
        "tags": _terms(entry),
        "summary": summary,
        "language": entry.get("dc_language") or entry.get("language"),
        "date": _day(moment) if isinstance(moment, struct_time) else entry.get("published"),
        "duration": entry.get("itunes_duration"),
        "guid": entry.get("id"),
        "url": enclosure.get("href") or (link if link.startswith(("http://", "https://")) else None),
    }
    own = channel | _values(said, schema, "feed", f"entry {number} of the feed")
    place = str(entry.get("id") or enclosure.get("href") or entry.get("link") or f"{name}#{number}")
    if _COUNTED.fullmatch(place):
        place = f"{of}#{place}"
    values = tuple(own[field] for field in schema.by_name if field in own)
    size = enclosure.get("length", "")
    return Read(
        place,
        kind_of(schema, values, enclosure.get("href") or "", "podcast"),
        values,
        bytes=int(size) if str(size).isdigit() and int(size) else None,
    )


def _values(said: dict[str, Any], schema: RecordSchema, origin: str, source: str) -> dict[str, Value]:
    found = {}
    for name, raw in said.items():
        if name in schema.by_name and (value := value_of(schema.by_name[name], raw, origin, source)):
            found[name] = value
    return found


def _terms(of: Any) -> list[str]:
    return [tag["term"] for tag in of.get("tags", []) if tag.get("term")]


def _day(moment: struct_time) -> str:
    return f"{moment.tm_year:04d}-{moment.tm_mon:02d}-{moment.tm_mday:02d}"


def plain_text(text: str) -> str:
    """The text without markup, which descriptions in feeds may have."""
    if not _MARKUP.search(text):
        return text.strip()
    reader = _Text()
    reader.feed(text)
    reader.close()
    lines = ("".join(reader.parts)).split("\n")
    return html.unescape("\n".join(line.strip() for line in lines if line.strip()))


class _Text(HTMLParser):
    """Collects the text between tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A new line where a block begins; nothing of scripts."""
        self._silent += tag in ("script", "style")
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """The end of what is left out."""
        self._silent -= tag in ("script", "style") and self._silent > 0

    def handle_data(self, data: str) -> None:
        """Text."""
        if not self._silent:
            self.parts.append(data)


def fetch(address: str, hosts: str) -> bytes:
    """What an address answers, of a host that is allowed (``hosts``: names with commas between, a dot begins a domain).

    Raises InputError for another host, also one that we are sent on to, and where nothing usable comes.
    """
    import httpx

    allowed = tuple(word.strip().lower() for word in hosts.split(",") if word.strip())
    at = address
    try:
        with httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client:
            for _ in range(MOST_REDIRECTS + 1):
                _allowed(at, allowed)
                with client.stream("GET", at, headers={"Accept": "application/rss+xml, application/xml"}) as answer:
                    if answer.is_redirect:
                        at = urljoin(at, answer.headers["location"])
                        continue
                    if not answer.is_success:
                        raise InputError(f"{address} answers {answer.status_code}.", "Check the address.")
                    return _bounded(answer, address)
    except httpx.HTTPError as error:
        raise InputError(f"{address} cannot be fetched: {error}.", "Check the address.") from error
    raise InputError(f"{address} sends us on more than {MOST_REDIRECTS} times.", "Check the address.")


def _bounded(answer: Any, address: str) -> bytes:
    data = bytearray()
    for chunk in answer.iter_bytes(1 << 16):
        data += chunk
        if len(data) > MOST_BYTES:
            raise InputError(f"{address} answers more than {MOST_BYTES:,} bytes.", "Name a smaller feed.")
    return bytes(data)


def _allowed(address: str, hosts: tuple[str, ...]) -> None:
    parts = urlsplit(address)
    name = (parts.hostname or "").lower()
    known = any(name.endswith(host) if host.startswith(".") else name == host for host in hosts)
    if parts.scheme not in ("https", "http") or not known:
        raise InputError(
            f"{parts.scheme}://{parts.netloc} is no host that feeds may come from.",
            "BANANA_FEED_HOSTS lists the hosts.",
        )
