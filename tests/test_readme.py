"""What the documents show works as shown."""

import re
from pathlib import Path

from tuitrain.app.config import read_config
from tuitrain.app.keys import KEYS
from tuitrain.commands import VOCABULARY
from tuitrain.scenario.load import loads

ROOT = Path(__file__).parent.parent


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_scenario_in_the_readme_is_sound():
    assert loads(block("toml"), "README.md").name == "lr-to-zero"


def test_the_program_in_the_readme_trains():
    names: dict = {}
    exec(compile(block("python"), "README.md", "exec"), names)
    assert 0 < names["loss"].item() < 2.0


def test_every_command_is_documented():
    text = (ROOT / "docs" / "steering.md").read_text()
    for verb in VOCABULARY:
        assert f"`{verb.name} " in text or f"`{verb.name}`" in text


def test_every_key_and_every_action_is_documented():
    text = (ROOT / "docs" / "steering.md").read_text()
    for key in KEYS:
        for written in key.written.split():
            assert f"`{written}`" in text, written
        assert f"`{key.name}`" in text, key.name


def test_the_config_in_the_documents_is_sound(tmp_path):
    text = (ROOT / "docs" / "steering.md").read_text()
    found = re.search(r"```toml\n(theme.*?)```", text, re.DOTALL)
    assert found is not None
    (tmp_path / "config.toml").write_text(found.group(1))
    assert read_config(tmp_path / "config.toml", ["tuitrain-monochrome"]).keys["freeze"] == "F"


def test_links_between_documents_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
