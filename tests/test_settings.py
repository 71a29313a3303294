"""Settings: where they come from, in which order, and what is said of wrong ones."""

import os
import stat
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import SourceError, UsageError
from explorer.settings import Settings, load, options, parse_size
from explorer.settings_writer import edit, save


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text("", encoding="utf-8")
    return path


def test_each_source_beats_the_one_before(file: Path) -> None:
    assert load({"config_file": file}, {}).repo == "roadrunner-server/roadrunner"
    file.write_text('repo = "from/file"\ndownloads = 2\n', encoding="utf-8")
    assert load({"config_file": file}, {}).repo == "from/file"
    assert load({"config_file": file}, {"RR_EXPLORER_REPO": "from/env"}).repo == "from/env"
    settings = load({"config_file": file, "repo": "from/words"}, {"RR_EXPLORER_REPO": "from/env"})
    assert (settings.repo, settings.downloads) == ("from/words", 2)


def test_every_setting_is_an_environment_variable(file: Path, tmp_path: Path) -> None:
    samples = {
        "text": "alpine-3.20",
        "flag": "yes",
        "path": str(tmp_path / "x"),
        "size": "3GiB",
        "number": "3",
        "seconds": "2.5",
        "words": "--context 'my remote'",
        "choice": "podman",
        "keys": "verify=V,download=D",
    }
    special = {
        "repo": "o/n",
        "pinned": "o/n p/m",
        "api_url": "https://ghe.example.com/api/v3",
        "vulndb_url": "https://vulndb.example.com/vulndb.zip",
        "config_file": str(file),
    }
    environ = {option.env: special.get(option.name, samples[option.kind]) for option in options()}
    settings = load({}, environ)
    plain = Settings()
    flags_true = {"pull", "prereleases", "plugins", "debs"}
    for option in options():
        assert option.help, option.name
        if option.name not in flags_true:
            assert getattr(settings, option.name) != getattr(plain, option.name), option.name
    assert settings.engine_args == ("--context", "my remote")
    assert settings.keys == {"verify": "V", "download": "D"}
    assert settings.cache_limit == 3 << 30
    assert {option.name for option in options()} == {f.name for f in fields(Settings)} - {
        "problems",
        "projects",
    }


def test_github_api_url_is_understood_and_ours_wins(file: Path) -> None:
    base = {"config_file": file}
    assert (
        load(base, {"GITHUB_API_URL": "https://ghe.example.com/api/v3/"}).api_url
        == "https://ghe.example.com/api/v3"
    )
    both = {"GITHUB_API_URL": "https://a.example", "RR_EXPLORER_API_URL": "https://b.example"}
    assert load(base, both).api_url == "https://b.example"


def test_an_unknown_key_names_the_file_the_line_and_what_was_meant(file: Path) -> None:
    file.write_text("# mine\ncache_limt = 5\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load({"config_file": file}, {})
    assert "cache_limt" in caught.value.title
    assert caught.value.detail == f"{file}, line 2"
    assert "cache_limit" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('downloads = "many"', "a whole number from 1 to 16"),
        ("downloads = true", "a whole number"),
        ("offline = 3", "true or false"),
        ('repo = "no-slash"', "OWNER/NAME"),
        ('repo = "../../etc/passwd"', "OWNER/NAME"),
        ('api_url = "file:///etc/passwd"', "http"),
        ('api_url = "https://user:secret@host/"', "http"),
        ('api_url = "https://host:99999/"', "http"),
        ('api_url = "https://host:-1"', "http"),
        ('api_url = "https://host:0/api"', "http"),
        ('api_url = "https://host:/api"', "http"),
        ('api_url = "https://xn--a/"', "http"),
        ('api_url = "http://[::1/"', "http"),
        ('cache_limit = "lots"', "2GiB"),
        ("cache_limit = -1", "2GiB"),
        ('engine = "sh"', "podman"),
        ("engine_args = [1]", "words"),
        ('engine_args = "\'open"', "words"),
        ("run_seconds = nan", "seconds"),
        ("keys = { verify = 3 }", "table"),
        ('config_file = "x"', "config_file"),
        ("= broken", "not valid TOML"),
        ("x = [" * 5000, "not valid TOML"),
    ],
)
def test_wrong_values_are_errors_and_can_be_ignored(file: Path, text: str, says: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load({"config_file": file}, {})
    assert says in caught.value.title
    assert str(file) in str(caught.value)
    lenient = load({"config_file": file}, {}, strict=False)
    assert len(lenient.problems) == 1
    assert lenient.repo == "roadrunner-server/roadrunner"


def test_bytes_that_are_not_text_are_an_error(file: Path) -> None:
    file.write_bytes(b"\xff\xfe repo")
    with pytest.raises(UsageError, match="not valid TOML"):
        load({"config_file": file}, {})


def test_wrong_variables_are_errors(file: Path) -> None:
    with pytest.raises(UsageError, match="RR_EXPLORER_OFLINE"):
        load({"config_file": file}, {"RR_EXPLORER_OFLINE": "1"})
    settings = load(
        {"config_file": file}, {"RR_EXPLORER_DOWNLOADS": "x", "RR_EXPLORER_REPO": ""}, strict=False
    )
    assert settings.downloads == 4
    assert "RR_EXPLORER_DOWNLOADS" in settings.problems[0]


@pytest.mark.parametrize("name", ["cache_dir", "config_file", "folder"])
@pytest.mark.parametrize("path", ["~no-such-user/x", ""])
def test_a_path_that_is_not_valid_is_an_error(file: Path, name: str, path: str) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        load({"config_file": file, name: path}, {})
    assert f"--{name.removesuffix('_file').replace('_', '-')}:" in caught.value.detail
    if path:
        with pytest.raises(UsageError, match=name):
            load({}, {f"RR_EXPLORER_{name.upper()}": path})
    if name != "config_file":
        file.write_text(f'{name} = "{path}"\n')
        with pytest.raises(UsageError, match=name):
            load({"config_file": file}, {})


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    for strict in (True, False):
        with pytest.raises(UsageError, match="No such settings file"):
            load({"config_file": tmp_path / "none.toml"}, {}, strict=strict)


def test_the_platforms_directories_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    settings = load({}, {})
    assert settings.cache_dir == tmp_path / "CACHE" / "rr-explorer"
    assert settings.config_file == tmp_path / "CONFIG" / "rr-explorer" / "config.toml"
    assert not list(tmp_path.iterdir()), "reading settings makes no directory"


def test_relative_paths_in_the_file_start_beside_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file.write_text('cache_dir = "cache"\n', encoding="utf-8")
    monkeypatch.chdir("/")
    assert load({"config_file": file}, {}).cache_dir == tmp_path / "cache"


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GiB", 2 << 30), ("512 MB", 512_000_000), ("4k", 4096), ("1.5G", 3 << 29), ("7", 7)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@given(st.text())
def test_any_text_is_a_size_or_refused(text: str) -> None:
    try:
        size = parse_size(text)
    except ValueError:
        return
    assert size >= 0


# ---------------------------------------------------------------------- the writer

MINE = """\
# my settings
repo = "o/n" # the # one
engine_args = [
  "--context", # where
  "remote",
]

[keys]
verify = "V" # shout
"""


def test_a_change_keeps_comments_and_order(file: Path) -> None:
    file.write_text(MINE, encoding="utf-8")
    settings = load({"config_file": file}, {})
    saved = save(settings, {"repo": "a/b", "theme": "nord", "keys": {"verify": "X", "quit": "Q"}})
    text = file.read_text(encoding="utf-8")
    assert text.startswith('# my settings\nrepo = "a/b" # the # one\n')
    assert 'verify = "X" # shout\n' in text
    again = load({"config_file": file}, {})
    assert again == saved
    assert again.engine_args == ("--context", "remote")
    assert again.keys == {"verify": "X", "quit": "Q"}
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


def test_a_key_can_be_taken_out_and_a_file_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "config.toml"
    settings = load({"cache_dir": tmp_path}, {"XDG_CONFIG_HOME": str(tmp_path)})
    settings = type(settings)(
        **{**{f.name: getattr(settings, f.name) for f in fields(settings)}, "config_file": path}
    )
    save(settings, {"offline": True, "engine_args": ["a b"], "folder": tmp_path})
    assert load({"config_file": path}, {}).folder == tmp_path
    save(settings, {"offline": None})
    again = load({"config_file": path}, {})
    assert (again.offline, again.engine_args) == (False, ("a b",))


def test_a_file_as_windows_writes_it_is_read_and_changed(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbftheme = 'nord' # mine\r\nrepo = 'a/b'\r\n")
    settings = load({"config_file": file}, {})
    assert (settings.theme, settings.repo) == ("nord", "a/b")
    save(settings, {"theme": "dracula"})
    again = load({"config_file": file}, {})
    assert (again.theme, again.repo) == ("dracula", "a/b")
    assert "# mine" in file.read_text(encoding="utf-8")


def test_a_comment_with_a_line_end_of_unicodes_is_one_line(file: Path) -> None:
    file.write_text("# one\u2028line\x85only\ntheme = 'nord'\n", encoding="utf-8", newline="")
    save(load({"config_file": file}, {}), {"theme": "dracula"})
    assert file.read_bytes().decode() == '# one\u2028line\x85only\ntheme = "dracula"\n'


@pytest.mark.parametrize(
    "text",
    [
        "theme = '''\nrepo = \"a/b\"\n'''\n",
        "keys.verify = 'V'\n",
        "keys = { verify = 'V' } # inline\n",
        "image = '''\n[keys]\nrepo = 1\n'''\n",
        "engine_args = [ # where\n  'a',\n]\n[keys]\nverify = 'V'\n",
    ],
)
def test_any_layout_of_a_file_can_be_changed(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    before = load({"config_file": file}, {})
    saved = save(before, {"repo": "c/d", "keys": {"verify": "W", "quit": "Q"}})
    after = load({"config_file": file}, {})
    assert after == saved
    assert (after.repo, after.keys) == ("c/d", {"verify": "W", "quit": "Q"})
    assert (after.theme, after.engine_args) == (before.theme, before.engine_args)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize("umask", [0o077, 0o027, 0o022])
def test_a_new_file_honours_the_umask_and_an_old_one_its_mode(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "config.toml"
    previous = os.umask(umask)
    try:
        save(Settings(config_file=path), {"theme": "nord"})
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
        path.chmod(0o604)
        save(Settings(config_file=path), {"theme": "dracula"})
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_value_that_utf8_cannot_hold_is_refused(file: Path) -> None:
    with pytest.raises(UsageError):
        save(load({"config_file": file}, {}), {"theme": "\ud800"})
    assert file.read_bytes() == b""


def test_no_screen_imports_tomlkit_before_something_is_saved() -> None:
    script = "import sys, explorer.settings_writer; assert 'tomlkit' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_file_nested_too_deeply_is_an_error(file: Path) -> None:
    file.write_text("x = " + "[" * 5000)
    with pytest.raises(UsageError, match="not valid TOML"):
        save(load({"config_file": file}, {}, strict=False), {"theme": "dracula"})


def test_the_writer_refuses_what_is_wrong_and_leaves_the_file(file: Path) -> None:
    file.write_text("repo = broken", encoding="utf-8")
    settings = Settings(config_file=file)
    with pytest.raises(UsageError, match="not valid TOML"):
        save(settings, {"offline": True})
    with pytest.raises(UsageError, match="OWNER/NAME"):
        save(settings, {"repo": "nonsense"})
    assert file.read_text(encoding="utf-8") == "repo = broken"
    with pytest.raises(SourceError, match="cannot be"):
        save(Settings(config_file=file / "below-a-file.toml"), {"offline": True})


@given(
    st.dictionaries(
        st.sampled_from(["repo", "theme", "image", "target"]),
        st.text() | st.booleans() | st.lists(st.text()) | st.none(),
    )
)
def test_edited_files_hold_what_was_asked(changes: dict[str, object]) -> None:
    changes = {name: value for name, value in changes.items() if not _has_surrogates(value)}
    result = tomllib.loads(edit(MINE, changes))
    assert {name: result.get(name) for name in changes} == changes
    assert result["keys"] == {"verify": "V"}


def _has_surrogates(value: object) -> bool:
    return any(
        "\ud800" <= character <= "\udfff"
        for character in str(value if not isinstance(value, list) else "".join(value))
    )


def test_a_users_own_project_profiles_are_kept_as_they_are(file: Path) -> None:
    file.write_text('[projects."acme/tool"]\ntitle = "Tool"\n[[projects."acme/tool".kinds]]\n')
    settings = load({"config_file": str(file)}, {})
    assert settings.projects == {"acme/tool": {"title": "Tool", "kinds": [{}]}}


@pytest.mark.parametrize("text", ["projects = 1", "[projects.tool]", '[projects]\n"a/b" = "x"'])
def test_project_profiles_that_are_not_tables_are_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(UsageError, match="projects"):
        load({"config_file": str(file)}, {})
    assert load({"config_file": str(file)}, {}, strict=False).projects == {}
