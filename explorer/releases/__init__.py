"""Releases and their assets, from GitHub's REST API, the bundled snapshot or a local folder."""

from typing import TYPE_CHECKING

from explorer.lazy import lazy_exports
from explorer.releases.claims import NO_PLATFORM, ParsedName, Platform
from explorer.releases.kinds import (
    DEFAULT_COMMANDS,
    OTHER,
    PROGRAM,
    AssetKind,
    Role,
    VersionCommand,
)
from explorer.releases.models import Asset, Attestation, Catalogue, Origin, Rate, Release
from explorer.releases.profile import (
    BuildProfile,
    ColumnProfile,
    Profiles,
    ProjectProfile,
    load_profiles,
)

if TYPE_CHECKING:
    from explorer.releases.addresses import (
        ProjectAddress,
        is_repository,
        parse_address,
        web_host,
    )
    from explorer.releases.answers import message_in
    from explorer.releases.bundled import demo, snapshot
    from explorer.releases.connection import TOKEN_REMEDY, Connection
    from explorer.releases.file_kinds import general_kind, names_no_program
    from explorer.releases.folders import left_by_build_tool, version_in_names
    from explorer.releases.github import GitHub
    from explorer.releases.local import folder
    from explorer.releases.names import parse_asset_name, parse_asset_names, parse_version
    from explorer.releases.pages import PageStore, cached, kept_since
    from explorer.releases.sources import (
        DemoSource,
        FolderSource,
        GitHubSource,
        ReleaseSource,
    )
    from explorer.releases.token import find_token

# No module here may have the name of an export: importing it would replace the function.

__getattr__ = lazy_exports(
    __name__,
    {
        "Connection": "connection",
        "ProjectAddress": "addresses",
        "is_repository": "addresses",
        "parse_address": "addresses",
        "TOKEN_REMEDY": "connection",
        "DemoSource": "sources",
        "FolderSource": "sources",
        "GitHub": "github",
        "GitHubSource": "sources",
        "PageStore": "pages",
        "ReleaseSource": "sources",
        "cached": "pages",
        "kept_since": "pages",
        "demo": "bundled",
        "find_token": "token",
        "folder": "local",
        "general_kind": "file_kinds",
        "left_by_build_tool": "folders",
        "message_in": "answers",
        "names_no_program": "file_kinds",
        "parse_asset_name": "names",
        "parse_asset_names": "names",
        "parse_version": "names",
        "snapshot": "bundled",
        "version_in_names": "folders",
        "web_host": "addresses",
    },
)

__all__ = [
    "DEFAULT_COMMANDS",
    "NO_PLATFORM",
    "OTHER",
    "PROGRAM",
    "TOKEN_REMEDY",
    "Asset",
    "AssetKind",
    "Attestation",
    "BuildProfile",
    "Catalogue",
    "ColumnProfile",
    "Connection",
    "DemoSource",
    "FolderSource",
    "GitHub",
    "GitHubSource",
    "Origin",
    "PageStore",
    "ParsedName",
    "Platform",
    "Profiles",
    "ProjectAddress",
    "ProjectProfile",
    "Rate",
    "Release",
    "ReleaseSource",
    "Role",
    "VersionCommand",
    "cached",
    "demo",
    "find_token",
    "folder",
    "general_kind",
    "is_repository",
    "kept_since",
    "left_by_build_tool",
    "load_profiles",
    "message_in",
    "names_no_program",
    "parse_address",
    "parse_asset_name",
    "parse_asset_names",
    "parse_version",
    "snapshot",
    "version_in_names",
    "web_host",
]
