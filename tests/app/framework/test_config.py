"""The config file and our themes."""

from __future__ import annotations

import errno

import pytest

from tuitrain.app.config import Config, ConfigError, config_path, read_config, write_config
from tuitrain.app.themes import MONOCHROME, OWN_THEMES
from tuitrain.errors import TuitrainError
from tuitrain.scenario.runs.run_list import runs_folder

THEMES = ("nord", "tuitrain-monochrome")


def test_a_written_config_reads_back(tmp_path):
    path = tmp_path / "deep" / "config.toml"
    assert read_config(path, THEMES) == Config()
    write_config(path, Config("nord"))
    assert read_config(path, THEMES) == Config("nord")
    assert [item.name for item in path.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ('thme = "nord"', "there is no key 'thme' here (allowed: theme, rate,"),
        (
            "theme = 3",
            "expected a string, but got a whole number (at theme) (allowed: theme, rate,",
        ),
        ('theme = "tuitrain-monochrom"', "there is no 'tuitrain-monochrom', did you mean"),
        ("rate = 13", "rate: 13 is none of 5, 12, 30"),
        ('[notify]\ndesktop = "osc8"', "Invalid enum value 'osc8' (at notify.desktop)"),
        ("[notify]\nbel = true", "there is no key 'bel' here (at notify) (allowed: bell, toast,"),
        ('[keys]\nfreze = "F"', "'freze' is not an action, did you mean 'freeze'? (actions: "),
        ('[keys]\nfreeze = "l"', "'l' is the key of both freeze and lr"),
        ("theme = ", "config.toml: "),
        (b"theme = '\xff'", "config.toml: "),
    ],
)
def test_a_config_error_names_the_file_and_the_allowed_values(tmp_path, text, output):
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as raised:
        read_config(path, THEMES)
    assert str(raised.value).startswith(str(path))
    assert output in str(raised.value)


def test_a_folder_that_cannot_be_created_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write"):
        write_config(tmp_path / "file" / "config.toml", Config("nord"))


def test_a_full_disk_leaves_the_config_unchanged(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "config.toml"
    write_config(path, Config("nord"))
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigError, match=r"cannot write .*config\.toml: No space left"):
        write_config(path, Config("tuitrain-monochrome"))
    assert read_config(path, THEMES) == Config("nord")
    assert [item.name for item in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("folder", [config_path, runs_folder])
def test_without_a_home_the_error_says_what_to_set(monkeypatch, folder):
    def unknown(_):
        raise KeyError("no such user")

    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(TuitrainError, match="this user has no home folder; set HOME or XDG_"):
        folder()


async def test_the_chosen_theme_is_used_at_the_next_start(opened, tmp_path):
    path = tmp_path / "config.toml"
    async with opened(config=path) as person:
        person.app.theme = MONOCHROME.name
        await person.look()
        assert path.read_text() == 'theme = "tuitrain-monochrome"\ntoured = true\n'
    async with opened(config=path) as person:
        assert person.app.theme == MONOCHROME.name


@pytest.mark.parametrize("theme", [item.name for item in OWN_THEMES])
async def test_picture_of_our_themes(theme, opened, picture):
    async with opened(size=(120, 36)) as person:
        person.app.theme = theme
        await person.look()
        assert person.svg() == picture


def test_the_monochrome_theme_has_no_color():
    for colour in (MONOCHROME.primary, MONOCHROME.error, MONOCHROME.success, MONOCHROME.warning):
        assert len({colour[1:3], colour[3:5], colour[5:7]}) == 1
