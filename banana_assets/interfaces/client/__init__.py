"""A typed client of the HTTP interface, blocking and asynchronous.

    with BananaClient("http://127.0.0.1:8000", key="banana_...") as banana:
        for build in banana.builds(status="failed"):
            print(build.id, build.diagnosis and build.diagnosis.title)

Everything that is meant for callers is named here; the modules beside are not.
"""

from banana_assets.interfaces.client._asynchronous import AsyncBananaClient
from banana_assets.interfaces.client._blocking import BananaClient
from banana_assets.interfaces.client._errors import (
    ApiError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)
from banana_assets.interfaces.client._learning import BuildSummary, LLMClient
from banana_assets.interfaces.client._library import MetadataQuality, MissingValues, Place, Proposal, Queue, Room
from banana_assets.interfaces.client._retrying import Retry
from banana_assets.interfaces.client._transport import AppTransport, AsyncAppTransport
from banana_assets.interfaces.client._types import (
    Build,
    BuildPage,
    Cluster,
    Diagnosis,
    LineRange,
    LogSummary,
    Report,
    ReportReceipt,
    RowPage,
    Unreported,
)

__all__ = [
    "ApiError",
    "AppTransport",
    "AsyncAppTransport",
    "AsyncBananaClient",
    "BananaClient",
    "Build",
    "BuildPage",
    "BuildSummary",
    "Cluster",
    "ConflictError",
    "Diagnosis",
    "LLMClient",
    "LineRange",
    "LogSummary",
    "MetadataQuality",
    "MissingValues",
    "NotAllowedError",
    "NotFoundError",
    "Place",
    "Proposal",
    "Queue",
    "RateLimitedError",
    "Report",
    "ReportReceipt",
    "Retry",
    "Room",
    "RowPage",
    "ServerError",
    "UnreachableError",
    "Unreported",
]
