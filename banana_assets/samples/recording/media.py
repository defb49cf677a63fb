"""Records the sample of media: short tones with tags, as ffmpeg writes them, and the feed of a podcast.

python media.py FOLDER; needs ffmpeg with libmp3lame, libopus and libvorbis. Some tags are left out, as in any library.
"""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as xml

ALBUMS = [
    ("The Sidings", "Night Signal", 2011, "Rock", ["Points", "Ballast", "Last Train Out", "Semaphore"]),
    ("The Sidings", "Branch Line", 2014, "Rock", ["Halt", "Cutting", "Level Crossing", "Buffer Stop"]),
    ("Nora Fell", "Slow Water", 2008, "Folk", ["Weir", "Mill Race", "Eddy", "The Ford"]),
    ("Nora Fell", "High Ground", 2017, "Folk", ["Cairn", "Scree", "Long Ridge", "Descent"]),
    ("Tin Harbour", "Low Tide", 2019, "Electronic", ["Slack", "Mudflat", "Groyne", "Neap"]),
    ("Tin Harbour", "Breakwater", 2021, "Electronic", ["Swell", "Mole", "Fetch", "Lee Side"]),
]
LEFT_OUT = {3: ["genre"], 5: ["artist"], 8: ["date"], 10: ["genre", "album_artist"], 13: ["track"], 14: ["title"], 17: ["artist"],
            19: ["album"], 20: ["date", "genre"], 23: ["album_artist"]}
CODECS = {"mp3": ["-c:a", "libmp3lame", "-b:a", "8k", "-id3v2_version", "4"], "opus": ["-c:a", "libopus", "-b:a", "6k"]}
OTHERS = [
    ("single.m4a", ["-c:a", "aac", "-b:a", "8k"], {"title": "Fog Horn", "artist": "Tin Harbour"}),
    ("single.ogg", ["-c:a", "libvorbis", "-q:a", "0"], {"title": "Bell Buoy", "artist": "Tin Harbour", "genre": "unknown"}),
    ("single.flac", ["-c:a", "flac"], {"title": "Track 01", "artist": "Nora Fell"}),
    ("single.wav", [], {}),
]
EPISODES = [
    ("Caches that lie", 3, "cache, ci", "Why a green build may be an old one, how to find out which layer kept what, and what a cache key should hold."),
    ("The flaky hour", 10, "tests, flaky", "A test that fails at the full hour, the clock that it looked at, and three ways to take time out of tests."),
    ("Reading a log backwards", 17, "logs", "Most of a log is noise. We start at the last line and walk up until the first thing that went wrong."),
    ("Short one", 24, "", "Soon."),
    ("Queues on a Monday", 31, "queue, runners", "Why everything waits at nine, what Little's law says about it, and how many runners are enough."),
    ("Guest: the release manager", 38, "release", ""),
]


def tone(path: Path, hertz: int, codec: list[str], tags: dict[str, str]) -> None:
    """A tone of two tenths of a second with these tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [part for name, value in tags.items() for part in ("-metadata", f"{name}={value}")]
    source = f"sine=frequency={hertz}:duration=0.2:sample_rate=8000"
    exact = ["-fflags", "+bitexact", "-flags:a", "+bitexact"]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-ac", "1", *codec, *told, *exact]
    subprocess.run([*command, str(path)], check=True)


def music(folder: Path) -> None:
    """The albums, and four files in other forms."""
    number = 0
    for artist, album, year, genre, titles in ALBUMS:
        for track, title in enumerate(titles, 1):
            tags = {"title": title, "artist": artist, "album": album, "album_artist": artist, "track": f"{track}/{len(titles)}",
                    "genre": genre, "date": str(year)}
            for name in LEFT_OUT.get(number, []):
                del tags[name]
            form = "mp3" if number % 2 else "opus"
            tone(folder / artist / f"{album} ({year})" / f"{track:02d} - {title}.{form}", 220 + 20 * number, CODECS[form], tags)
            number += 1
    for hertz, (name, codec, tags) in enumerate(OTHERS):
        tone(folder / "singles" / name, 820 + 50 * hertz, codec, tags)


def feed(path: Path) -> None:
    """A podcast of six episodes."""
    itunes = "http://www.itunes.com/dtds/podcast-1.0.dtd"
    xml.register_namespace("itunes", itunes)
    rss = xml.Element("rss", version="2.0")
    channel = xml.SubElement(rss, "channel")
    for name, text in (("title", "The Build Room"), ("language", "en"), ("description", "Two people talk about builds.")):
        xml.SubElement(channel, name).text = text
    xml.SubElement(channel, f"{{{itunes}}}author").text = "Ada and Bo"
    xml.SubElement(channel, f"{{{itunes}}}category", text="Technology")
    for number, (title, day, words, text) in enumerate(EPISODES, 1):
        item = xml.SubElement(channel, "item")
        xml.SubElement(item, "title").text = title
        xml.SubElement(item, "guid", isPermaLink="false").text = f"build-room-{number}"
        month, of = ("Mar", day) if day <= 31 else ("Apr", day - 31)
        xml.SubElement(item, "pubDate").text = f"{of:02d} {month} 2026 06:00:00 GMT"
        if text:
            xml.SubElement(item, "description").text = text
        if words:
            xml.SubElement(item, f"{{{itunes}}}keywords").text = words
        if number != 4:
            xml.SubElement(item, f"{{{itunes}}}duration").text = f"{20 + 3 * number}:1{number}"
    xml.indent(rss)
    xml.ElementTree(rss).write(path, encoding="utf-8", xml_declaration=True)


if __name__ == "__main__":
    into = Path(sys.argv[1])
    music(into / "music")
    feed(into / "podcast.xml")
