"""What changed between two commits, as tools tell it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from banana_assets.backends.codebase.changing import Changes
from banana_assets.core.text import cut

MOST_CHANGED = 40
"""Files, commits and suspects of a page."""

LONGEST = 300


class Lines(BaseModel):
    """Lines of a log, both ends inclusive, from 1."""

    first_line: int
    last_line: int


class Suspected(BaseModel):
    """A changed file that may have broken the build."""

    path: str
    score: float = Field(description="0 to 1.")
    reasons: list[str]
    lines: list[Lines]


class ChangedPath(BaseModel):
    """A changed file."""

    path: str
    status: str
    added: int | None
    removed: int | None


class CommitLine(BaseModel):
    """A commit."""

    sha: str
    author: str
    at: datetime
    subject: str


class Changed(BaseModel):
    """What changed since another build."""

    since_build: str | None = Field(description="That build: the last green one of the job unless another was named.")
    base: str | None = Field(description="Its commit.")
    head: str | None = Field(description="Commit of this one.")
    known: bool = Field(description="Whether the two commits could be compared.")
    why: str | None = Field(description="Why not.")
    suspects: list[Suspected] = Field(description="The likeliest first.")
    files: list[ChangedPath]
    files_total: int
    commits: list[CommitLine] = Field(description="The latest first.")
    commits_total: int
    notes: list[str]


def changes_told(changes: Changes, since_build: str | None) -> Changed:
    """The changes since that build."""
    return Changed(
        since_build=since_build,
        base=changes.base,
        head=changes.head,
        known=changes.known,
        why=changes.why or None,
        suspects=[
            Suspected(
                path=s.path,
                score=round(s.score, 3),
                reasons=list(s.reasons),
                lines=[Lines(first_line=first, last_line=last) for first, last in s.lines],
            )
            for s in changes.suspects
        ],
        files=[ChangedPath(path=f.path, status=f.status, added=f.added, removed=f.removed) for f in changes.files],
        files_total=len(changes.files) + changes.omitted,
        commits=[
            CommitLine(sha=c.sha[:12], author=c.author, at=c.at, subject=cut(c.subject, LONGEST))
            for c in changes.commits
        ],
        commits_total=len(changes.commits),
        notes=list(changes.notes),
    )
