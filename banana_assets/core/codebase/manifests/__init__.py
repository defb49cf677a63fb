"""What a project depends on, read from the manifests of many ecosystems; none is ever executed."""

from banana_assets.core.codebase.manifests.reading import (
    Dependency,
    EntryPoint,
    Manifest,
    ecosystem_of,
    is_manifest,
    read_manifest,
)

__all__ = ["Dependency", "EntryPoint", "Manifest", "ecosystem_of", "is_manifest", "read_manifest"]
