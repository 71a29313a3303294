"""Project profiles: RoadRunner's own, a user's, and the one of a project that nobody described."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from explorer.releases import (
    PROGRAM,
    ProjectProfile,
    Role,
    VersionCommand,
    load_profiles,
    parse_asset_name,
)
from explorer.releases import profile as module
from explorer.releases.profile import bundled_profiles, read_profile

REPO = "roadrunner-server/roadrunner"
OWN = """
title = "Tool"
repositories = ["acme/old-tool"]
signing_keys = ["00ff"]

[[kinds]]
name = "agent"
prefix = "Tool-Agent-"
programs = ["toold"]
[[kinds.commands]]
argv = ["version"]
version = 'tool (\\S+)'

[[kinds]]
name = "helper"
role = "plugin"
prefix = "helper-"

[[columns]]
kind = "agent"
title = "linux-arm64"
[[columns]]
kind = "agent"
title = "musl-arm64"
instead = "linux-arm64"

[[builds]]
package = "./cmd/toold"
program = "toold"
variable = "example.com/tool/v{major}.version"
"""


def roadrunner() -> ProjectProfile:
    return load_profiles().of_repo(REPO)


def own(text: str = OWN) -> tuple[ProjectProfile, tuple[str, ...]]:
    profiles = load_profiles({"Acme/Tool": tomllib.loads(text)})
    return profiles.of_repo("acme/tool"), profiles.problems


def command(profile: ProjectProfile, kind: str, version: str) -> VersionCommand:
    (described,) = [each for each in profile.kinds if each.value == kind]
    chosen = described.command(version)
    assert chosen is not None
    return chosen


@pytest.mark.parametrize(
    ("version", "argv"),
    [
        ("1.4.0", ("{}",)),
        ("1.9.0", ("{}",)),
        ("1.9.2", ("{}", "--version")),
        ("2.0.0-RC.1", ("{}", "--version")),
        ("2025.1.15", ("{}", "--version")),
    ],
)
def test_each_era_of_roadrunner_is_asked_in_its_way(version: str, argv: tuple[str, ...]) -> None:
    assert command(roadrunner(), "server", version).argv == argv
    assert command(roadrunner(), "deb", version).argv == argv


@pytest.mark.parametrize(
    ("version", "output", "printed"),
    [
        ("1.8.0", "Usage:\n  rr\n\nVersion: 1.8.0, 2020-05-01\n", "1.8.0"),
        ("2.0.2", "rr version 2.0.2 Build time: 2021-04-06T09:12:12+0000\n", "2.0.2"),
        ("2025.1.15", "rr version 2025.1.15 (build time: x, go1.26.4), OS: linux\n", "2025.1.15"),
    ],
)
def test_the_version_is_found_in_each_eras_output(version: str, output: str, printed: str) -> None:
    pattern = command(roadrunner(), "server", version).version
    match = re.search(pattern, output, re.MULTILINE)
    assert match is not None
    assert match[1] == printed


def test_the_plugin_is_run_without_arguments_and_promises_nothing() -> None:
    asked = command(roadrunner(), "plugin", "2025.1.15")
    assert (asked.argv, asked.version) == (("{}",), "")


@pytest.mark.parametrize(
    "repo", [REPO, "spiral/roadrunner", "Spiral/RoadRunner-Binary", "acme/roadrunner"]
)
def test_the_profile_holds_for_every_home_and_for_forks(repo: str) -> None:
    assert load_profiles().of_repo(repo).title == "RoadRunner"


@pytest.mark.parametrize(
    ("repo", "version", "expected"),
    [
        (REPO, "1.6.2", "github.com/spiral/roadrunner/cmd/rr/cmd.Version"),
        (REPO, "2.7.2", "github.com/roadrunner-server/roadrunner/v{major}/internal/meta.version"),
        (REPO, "2.0.0", None),
        (REPO, "2.7.1", None),
        ("spiral/roadrunner-binary", "2.5.0", ""),
    ],
)
def test_how_each_version_is_built(repo: str, version: str, expected: str | None) -> None:
    build = roadrunner().build(repo, version)
    if expected == "":
        assert build is None
        return
    assert build is not None
    assert bool(build.absent) is (expected is None)
    assert build.variable == (expected or "")


def test_a_tag_that_is_no_version_counts_as_the_oldest() -> None:
    build = roadrunner().build(REPO, "untagged-f7dbae972208eff54361")
    assert build is not None
    assert "RoadRunner 1 " in build.caveat


def test_roadrunners_columns_are_as_they_were() -> None:
    columns = [(c.kind.value, c.title, c.instead) for c in roadrunner().columns]
    assert columns[3] == ("server", "musl-arm64", "linux-arm64")
    assert columns[7] == ("deb", "deb", "")
    assert [title for kind, title, _ in columns if kind == "plugin"] == [
        "linux-amd64",
        "linux-arm64",
        "musl-amd64",
        "musl-arm64",
        "darwin",
        "windows",
        "freebsd",
    ]


def test_a_users_own_profile() -> None:
    profile, problems = own()
    assert problems == ()
    name = "tool-agent-1.0-linux-arm64"
    kind = profile.kind_of(name, parse_asset_name(name))
    assert (kind.value, kind.role, kind.programs) == ("agent", Role.PROGRAM, ("toold",))
    assert command(profile, "agent", "1.0").argv == ("{}", "version")
    assert [c.instead for c in profile.columns] == ["", "linux-arm64"]
    assert profile.signing_keys == ("00FF",)
    build = profile.build("acme/tool", "1.0")
    assert build is not None
    assert build.package == "./cmd/toold"


def test_a_users_own_profile_comes_before_the_bundled_one() -> None:
    profiles = load_profiles({REPO: {"title": "Mine"}})
    assert profiles.of_repo(REPO).title == "Mine"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title = 1", "title must be text"),
        ('columns = "all"', "columns must be tables"),
        ('[[kinds]]\nname = "Agent Two"', "name must be a short name"),
        ('[[kinds]]\nname = "a"\nrole = "boss"', "role must be a role"),
        ('[[kinds]]\nname = "a"\n[[kinds.commands]]\nversion = "("', "a regular expression with"),
        ('[[kinds]]\nname = "a"\n[[kinds.commands]]\nversion = "x"', "a regular expression with"),
        ('[[kinds]]\nname = "a"\n[[kinds.commands]]\nuntil = "new"', "until must be a version"),
        ('[[columns]]\ntitle = "x"\ninstead = "a b"', "instead must be a platform"),
        ('[[columns]]\ntitle = "x"\nkind = "none"', "kind must be one of"),
        ('[[builds]]\npackage = "/etc"', "package must be such as ./cmd/tool"),
        ("colour = 1", "unknown key colour"),
    ],
)
def test_what_is_not_valid_is_ignored_and_reported(text: str, problem: str) -> None:
    profile, problems = own(text)
    assert any(problem in sentence and "Acme/Tool" in sentence for sentence in problems)
    assert profile.kinds


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["title", "kinds", "name", "columns", "commands", "builds"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_table_gives_a_profile(value: object) -> None:
    table = value if isinstance(value, dict) else {"kinds": value}
    profile = read_profile(table, "acme/tool", [])
    name = "tool-linux-amd64"
    assert profile.kind_of(name, parse_asset_name(name)).value


def test_a_project_without_a_profile() -> None:
    profile = load_profiles().of_repo("cli/cli")
    assert (profile.title, profile.derived, profile.columns) == ("cli", True, ())
    name = "gh_2.67.0_linux_amd64.tar.gz"
    assert profile.kind_of(name, parse_asset_name(name)) == PROGRAM
    asked = PROGRAM.command("2.67.0")
    assert asked is not None
    assert (asked.argv, asked.certain) == (("{}", "--version"), False)


@pytest.mark.parametrize(
    ("name", "expected", "role"),
    [
        ("tool_1.0_linux_amd64.tar.gz", "program", Role.PROGRAM),
        ("tool", "program", Role.PROGRAM),
        ("tool-v1.0", "program", Role.PROGRAM),
        ("tool.exe", "program", Role.PROGRAM),
        ("other-tool", "other", Role.OTHER),
        ("tool-1.0.zip", "other", Role.OTHER),
        ("tool_1.0_linux_amd64.deb", "deb", Role.PACKAGE),
        ("tool_1.0_linux_amd64.rpm", "rpm", Role.PACKAGE),
        ("tool_1.0_linux_amd64.apk", "apk", Role.PACKAGE),
        ("tool-x86_64.AppImage", "AppImage", Role.PACKAGE),
        ("tool_1.0_amd64.snap", "snap", Role.PACKAGE),
        ("tool.flatpak", "flatpak", Role.PACKAGE),
        ("tool-1.0-py3-none-any.whl", "wheel", Role.PACKAGE),
        ("tool-1.0-1-x86_64.pkg.tar.zst", "package", Role.PACKAGE),
        ("tool_1.0_x64.msi", "installer", Role.PACKAGE),
        ("tool-1.0.pkg", "installer", Role.PACKAGE),
        ("tool-1.0.dmg", "installer", Role.PACKAGE),
        ("ToolSetup-1.0.exe", "installer", Role.PACKAGE),
        ("setup-envtest-windows-amd64.exe", "program", Role.PROGRAM),
        ("install.sh", "installer", Role.PACKAGE),
        ("tool-linux-x86_64.sh", "installer", Role.PACKAGE),
        ("tool_1.0_checksums.txt", "checksum", Role.ABOUT),
        ("sha256sum-amd64.txt", "checksum", Role.ABOUT),
        ("tool-linux-amd64.sha256", "checksum", Role.ABOUT),
        ("age-v1.3.1-linux-arm64.tar.gz.proof", "signature", Role.ABOUT),
        ("tool-linux-arm64.sshsig", "signature", Role.ABOUT),
        ("tool-linux-arm64.sha3-512", "checksum", Role.ABOUT),
        ("tool-linux-arm64.vex", "other", Role.OTHER),
        ("tool-darwin-arm64.dSYM.zip", "other", Role.OTHER),
        ("SHA256SUMS.asc", "signature", Role.ABOUT),
        ("tool-linux-amd64.sigstore.json", "signature", Role.ABOUT),
        ("multiple.intoto.jsonl", "signature", Role.ABOUT),
        ("tool_1.0_linux_amd64.sbom.json", "SBOM", Role.ABOUT),
        ("tool.spdx.json", "SBOM", Role.ABOUT),
        ("tool_1.0_src.tar.gz", "source", Role.ABOUT),
        ("tool-1.0-1.src.rpm", "source", Role.ABOUT),
        ("tool-completions.tar.gz", "other", Role.OTHER),
        ("tool-docs_linux_amd64", "program", Role.PROGRAM),
        ("tool-darwin-debug-symbols.zip", "other", Role.OTHER),
        ("release-notes.md", "other", Role.OTHER),
    ],
)
def test_every_projects_files_have_a_kind(name: str, expected: str, role: Role) -> None:
    kind = load_profiles().of_repo("acme/tool").kind_of(name, parse_asset_name(name, "v1.0"))
    assert (kind.value, kind.role) == (expected, role)


def test_a_projects_own_name_says_no_kind() -> None:
    name = "terraform-docs-linux.tar.gz"
    profile = load_profiles().of_repo("terraform-docs/terraform-docs")
    assert profile.kind_of(name, parse_asset_name(name)).value == "program"


def test_files_in_a_folder_are_recognised_by_their_names() -> None:
    profiles = load_profiles()
    names = ["notes.txt", "roadrunner-2025.1.15-linux-arm64.tar.gz"]
    assert profiles.of_files(names, "dist").title == "RoadRunner"
    assert profiles.of_files(["tool-linux-arm64"], "dist").derived


def test_a_local_program_is_recognised_by_its_name() -> None:
    profiles = load_profiles()
    kinds = [profiles.by_program(name) for name in ("rr", "rr.exe", "protoc-gen-php-grpc", "gh")]
    assert [kind.value if kind else "" for kind in kinds] == ["server", "server", "plugin", ""]


def test_adding_a_profile_is_adding_a_file() -> None:
    folder = Path(module.__file__).parent / "data" / "projects"
    assert len(module.bundled_profiles()) == len(list(folder.glob("*.toml")))


@pytest.mark.parametrize(
    ("version", "steps"), [("2025.1.15", ["serve"]), ("3.0.0", []), ("2024.3.5", []), ("1.6.2", [])]
)
def test_roadrunner_is_served_as_far_as_it_was_tried(version: str, steps: list[str]) -> None:
    (roadrunner,) = bundled_profiles()
    commands = roadrunner.kinds[0].deep_commands(version)
    assert [command.step for command in commands] == steps
    for command in commands:  # viper tells the format by the ending
        assert command.config_name.endswith(".yaml")
        assert YAML(typ="safe").load(command.config)["status"] == {"address": "127.0.0.1:2114"}
