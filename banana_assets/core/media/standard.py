"""The schema of media: podcasts, music, video, audiobooks."""

from __future__ import annotations

from banana_assets.core.media.genres import GENRES
from banana_assets.core.media.schema import ANY, CONTENT, FOLDER, Field, Group, RecordSchema

KINDS = ("music", "podcast", "video", "audiobook", "other")
_SPOKEN = ("podcast", "video", "audiobook", "other")
FIRST_RECORDING = 1857
"""The year of the phonautograph: nothing was recorded before."""

LONGEST = 7 * 86_400.0
SHORTEST_SUMMARY = 50

_EPISODE = (
    r"(?:^|/)(?P<show>[^/]+?)[ ._-]+[Ss](?P<season>\d{1,2})[ ._-]?[Ee](?P<episode>\d{1,3})[ ._-]+(?P<title>[^/]+)$"
)

MEDIA = RecordSchema(
    "media",
    (
        Field("title", meaning="what it is called", weight=3, aliases=("name", "track_title", "episode_title")),
        Field("kind", meaning="what sort of media", expected=(), vocabulary=KINDS, aliases=("media_type", "type")),
        Field(
            "artist", meaning="who made it", expected=("music", "audiobook"), weight=2,
            aliases=("author", "creator", "performer", "itunes_author", "uploader", "channel"),
        ),
        Field("album", meaning="the album it is on", expected=("music",), aliases=("album_title",)),
        Field(
            "album_artist", meaning="who made the album", expected=("music",), weight=0.5, aliases=("albumartist",)
        ),
        Field(
            "show", meaning="the podcast or series it belongs to", expected=("podcast",), weight=2,
            aliases=("podcast", "series", "feed_title", "playlist", "tvshow"),
        ),
        Field("season", "number", "season of the series", (), minimum=0, aliases=("season_number",)),
        Field("episode", "number", "episode of the season or show", (), minimum=0, aliases=("episode_number",)),
        Field(
            "track", "number", "place on the album", ("music",), minimum=0, weight=0.5,
            aliases=("tracknumber", "track_number"),
        ),
        Field("disc", "number", "disc of the album", (), minimum=0, aliases=("discnumber", "disc_number")),
        Field(
            "genre", "genre", "the sort of it, in words of the vocabulary", vocabulary=GENRES,
            aliases=("genres", "category", "categories"),
        ),
        Field("tags", "list", "words to find it by", _SPOKEN, aliases=("keywords",)),
        Field(
            "summary", meaning="what it is about", expected=_SPOKEN, weight=2, shortest=SHORTEST_SUMMARY,
            aliases=("description", "comment", "synopsis", "subtitle", "itunes_summary"),
        ),
        Field("language", "language", "the language spoken or sung", _SPOKEN, aliases=("lang",)),
        Field(
            "date", "date", "when it came out", minimum=FIRST_RECORDING,
            aliases=("year", "published", "release_date", "pubdate", "upload_date", "published_at"),
        ),
        Field(
            "duration", "duration", "how long it is", minimum=0, maximum=LONGEST,
            aliases=("length", "duration_seconds", "itunes_duration"),
        ),
        Field("publisher", meaning="label or publisher", expected=(), aliases=("label", "organization", "copyright")),
        Field("guid", "identifier", "what the feed or catalogue knows it by", (), aliases=("identifier", "uuid")),
        Field("url", "url", "where it can be had", (), aliases=("link", "webpage_url", "enclosure_url")),
    ),
    title="title",
    kind_field="kind",
    groups=(
        Group("album", ("album", "artist"), ("album_artist", "genre", "date", "language", "publisher", "kind")),
        Group("album of its folder", ("album", FOLDER), ("artist", "album_artist", "genre", "date", "language")),
        Group("folder", (FOLDER,), ("artist", "album", "album_artist", "show", "genre", "date", "language", "season")),
        Group("show", ("show",), ("artist", "genre", "language", "publisher", "kind")),
        Group("artist", ("artist",), ("genre", "language")),
        Group(
            "same recording", (CONTENT,),
            ("title", "artist", "album", "album_artist", "show", "genre", "tags", "summary", "language", "date"),
        ),
        Group(
            "same id", ("guid",),
            ("title", "artist", "show", "genre", "tags", "summary", "language", "date", "season", "episode"),
        ),
    ),
    patterns=(
        ("artist - album - number - title",
         r"(?:^|/)(?P<artist>[^/]+?) - (?P<album>[^/]+?) - (?P<track>\d{1,3}) - (?P<title>[^/]+)$"),
        ("show - SxxEyy - title", _EPISODE),
        ("SxxEyy", r"(?:^|[ ._/-])[Ss](?P<season>\d{1,2})[ ._-]?[Ee](?P<episode>\d{1,3})(?:[ ._-]|$)"),
        ("number - title", r"(?:^|/)(?P<track>\d{1,3})(?:\.| -|_-_|_| )[ ]?(?P<title>[^/]*[^/\d ][^/]*)$"),
        ("number artist - title", r"(?:^|/)(?P<track>\d{1,3})[. _-]+(?P<artist>[^/]+?) - (?P<title>[^/]+)$"),
        ("artist - title", r"(?:^|/)(?P<artist>[^/\d][^/]*?) - (?P<title>[^/\d-][^/]*)$"),
        ("date title", r"(?:^|/)(?P<date>\d{4}-\d{2}-\d{2})[ ._-]+(?P<title>[^/]+)$"),
        ("date", r"(?:^|[ ._/-])(?P<date>(?:19|20)\d{2}-\d{2}-\d{2})(?:[ ._-]|$)"),
        ("artist/album/file", r"(?:^|/)(?P<artist>[^/]+)/(?P<album>[^/]+?)(?: ?[(\[]\d{4}[)\]])?/[^/]+$"),
        ("album (year)", r"/[^/]+[(\[](?P<date>(?:19|20)\d{2})[)\]]/[^/]+$"),
        ("episode in the title", r"(?:^|/)[^/]*?\b(?:[Ee]p(?:isode)?|#)[ ._-]?(?P<episode>\d{1,4})\b[^/]*$"),
    ),
)  # fmt: skip
"""Expectations differ by kind: a song needs no summary, a podcast no album. An item of unknown kind counts as
``other``. The five fields that the original looked at (title, tags, summary, genre, duration) are among them."""

__all__ = ["ANY", "KINDS", "MEDIA"]
