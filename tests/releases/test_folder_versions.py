"""What the names of a folder's files say of their version, and which files a build tool left."""

import pytest

from explorer.releases import left_by_build_tool, version_in_names


@pytest.mark.parametrize(
    ("names", "version"),
    [
        (("tool-1.2.3-linux-arm64.tar.gz", "tool-1.2.3-linux-amd64.tar.gz"), "1.2.3"),
        (("tool_v1.2.3_Linux_x86_64.tar.gz", "checksums.txt"), "1.2.3"),
        (("tool-2.0.0-rc.1-linux-amd64.zip", "tool-2.0.0-rc.1-linux-arm64.zip"), "2.0.0-rc.1"),
        (("tool-2.0.0-beta2_linux_amd64",), "2.0.0-beta2"),
        (("tool_1.2.3-SNAPSHOT-ab12cd3_linux_amd64.tgz",), "1.2.3-SNAPSHOT-ab12cd3"),
        (("tool_1.2.3-next_linux_amd64.tgz",), "1.2.3-next"),
        (("tool_1.2.3_amd64.deb", "tool-1.2.3-1.x86_64.rpm"), "1.2.3"),
        (("tool-1.2-linux-amd64.7z",), "1.2"),
        (("tool-linux-glibc2.28-amd64", "tool-linux-amd64"), ""),
        (("tool-linux-amd64.tar.gz", "python-3.11-notes.txt"), ""),
        (("tool-1.2.3-linux-amd64", "tool-linux-arm64", "tool-linux-386"), ""),
        (("tool-1.2.3.tar.gz",), "1.2.3"),
        (("rr",), ""),
        ((), ""),
    ],
)
def test_the_version_is_the_one_in_most_names(names: tuple[str, ...], version: str) -> None:
    assert version_in_names(names) == version


GORELEASER = ("artifacts.json", "metadata.json", "config.yaml", "CHANGELOG.md", "digests.txt")


def test_what_goreleaser_leaves_is_told_by_its_list_of_files() -> None:
    files = ("tool_1.2.3_linux_arm64.tar.gz", "tool_1.2.3_checksums.txt")
    assert left_by_build_tool((*files, *GORELEASER)) == set(GORELEASER)
    others = ("config.yaml", "CHANGELOG.md", *files)
    assert left_by_build_tool(others) == set(), "a project may publish such files"


def test_hidden_files_are_not_published() -> None:
    assert left_by_build_tool((".gitignore", ".DS_Store", "tool")) == {".gitignore", ".DS_Store"}
