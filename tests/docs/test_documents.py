"""What the documents show works as shown."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest

from tuitrain.app.config import read_config
from tuitrain.cli import main
from tuitrain.cli.parser import parse_arguments
from tuitrain.commands import VOCABULARY, parse
from tuitrain.records.record_reader import SUMMARY
from tuitrain.scenario.load import loads

from .pages import PAGES, ROOT, Block, blocks, prose

SCREEN = {"start", "open", "serve", "bench", "attach", "ctl", "list", "mcp", "relay"}
"""Commands that open a screen, measure for long or need a live run: only their arguments are read.
`tests/remote` has live runs."""

OTHER_PAGES = {"pytorch.md", "other-tools.md", "several-processes.md"}
"""Pages whose Python and commands need other libraries: `tests/torch_script/test_page.py` runs
those for PyTorch, `tests/torch_distributed/test_page.py` those for several processes,
`tests/trackers/test_page.py` those for TensorBoard and W&B."""

PYTHON = [
    block
    for block in blocks("python")
    if block.page.name not in OTHER_PAGES and "import torch" not in block.text
]

LINES = [
    (block, line.removeprefix("$ ").split("#")[0].strip())
    for block in blocks("console")
    for line in block.text.splitlines()
    if line.startswith("$ ")
]
NAMES = [spec.name for spec in VOCABULARY]
MINIMAL = 'schema = 1\nname = "x"\nepochs = 1\n{}\n[optimizer]\nname = "sgd"\nlr = 0.1\n'


def test_every_block_is_of_a_kind_that_is_tested():
    kinds = {block.language for page in PAGES for block in blocks("", *_languages(page))}
    assert kinds <= {"python", "toml", "console", "text", ""}


def _languages(page: Path) -> set[str]:
    return set(re.findall(r"^```(\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_every_python_block_runs(block: Block, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    names: dict = {"__name__": "document"}
    exec(compile(block.text, str(block), "exec"), names)
    if "run" in names:
        names["run"].finish()
    for name in (
        "small_net",
        "stripes",
        "TwoLayers",
        "points",
    ):  # the functions that a scenario would call
        if name in names:
            assert names[name]() is not None


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_every_toml_block_is_read(block: Block, tmp_path: Path):
    if "tool.pytest" in block.text:
        assert tomllib.loads(block.text)["tool"]["pytest"]["ini_options"]["tuitrain_scenarios"]
    elif "theme" in block.text:
        (tmp_path / "config.toml").write_text(block.text)
        assert read_config(tmp_path / "config.toml", ["tuitrain-monochrome"]).keys["freeze"] == "F"
    elif "[notify]" in block.text:
        (tmp_path / "config.toml").write_text(block.text)
        assert read_config(tmp_path / "config.toml", []).notify.command
    elif "schema" in block.text:
        assert loads(block.text, str(block)).name
    else:
        assert loads(MINIMAL.format(block.text), str(block)).name == "x"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with the files that the documents' commands name."""
    folder = tmp_path_factory.mktemp("documents")
    readme = next(block for block in blocks("toml") if block.page.name == "README.md")
    for name in ("FILE", "FILE.toml", "lr-to-zero.toml"):
        (folder / name).write_text(readme.text.replace("epochs = 4", "epochs = 3"))
    text = readme.text.replace("epoch = 4", "epoch = 3")
    for name in ("FILE", "FILE.toml", "lr-to-zero.toml"):
        (folder / name).write_text(text.replace("epochs = 4", "epochs = 3"))
    stripes = next(block for block in blocks("toml") if "nets:stripes" in block.text)
    (folder / "stripes.toml").write_text(stripes.text)
    nets = next(block for block in blocks("python") if "nets.py" in block.text)
    (folder / "nets.py").write_text(nets.text)
    for block in blocks("python", "toml"):
        if block.page.name == "own-network-data-and-loss.md":
            name = "my_spiral.py" if block.language == "python" else "my_spiral.toml"
            (folder / name).write_text(block.text)
    for name, language in (("houses.csv", "text"), ("houses.toml", "toml")):
        page = [block for block in blocks(language) if block.page.stem == "bring-your-own-data"]
        (folder / name).write_text(page[0].text)
    script = next(block for block in PYTHON if "tuitrain.watch" in block.text)
    (folder / "train.py").write_text(script.text)
    (folder / "scenarios").mkdir()
    shutil.copy(folder / "FILE", folder / "scenarios" / "one.toml")
    run = ["run", "--headless", str(folder / "FILE"), "--out", str(folder / "RUN_DIR")]
    assert main(run) == 0
    return folder


@pytest.mark.parametrize(("block", "line"), LINES, ids=lambda value: str(value).replace("/", "-"))
@pytest.mark.slow
def test_every_command_line_works(block: Block, line: str, folder: Path, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.syspath_prepend(str(folder))
    words = [
        path
        for word in shlex.split(re.sub(r"^(\w+=\S+ )*", "", line))
        for path in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    match words:
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case ["pip", "install", *_, requirement]:
            extra = re.search(r"\[(\w+)\]", requirement)
            project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            assert extra is None or extra[1] in project["optional-dependencies"]
        case ["python" | "torchrun" | "git", *_]:
            assert len(words) > 1
        case ["source", script]:
            assert script == ".venv/bin/activate"
        case ["tuitrain", name, *_] if (
            name in SCREEN
            or block.page.name in OTHER_PAGES
            or "--detach" in words
            or words[1:3] == ["run", words[-1]]
        ):
            assert parse_arguments(words[1:]).action
        case ["tuitrain", *rest]:
            assert main(_outside_of_earlier(rest, folder)) == 0
        case _:
            pytest.fail(f"{block}: no test runs {line!r}")


def _outside_of_earlier(words: list[str], folder: Path) -> list[str]:
    """Return the words with a record that exists, or can be resumed, and a new file to write."""
    known = [word.replace("record", "RUN_DIR") if words[0] == "replay" else word for word in words]
    if words[0] == "resume":
        (folder / words[1] / SUMMARY).unlink(missing_ok=True)  # as if it had been killed
    if words[0] == "save":
        new = folder / words[-1]
        new.unlink(missing_ok=True)
        source = words[1] if (folder / words[1]).exists() else "RUN_DIR"
        return ["save", source, str(new)]
    if "--out" in words:
        shutil.rmtree(folder / words[words.index("--out") + 1], ignore_errors=True)
    return known


@pytest.mark.parametrize("block", blocks("", "text"), ids=str)
def test_commands_in_text_blocks_can_be_read(block: Block):
    for line in block.text.splitlines():
        if line.split()[:1] and line.split()[0] in NAMES and not line.startswith(" "):
            parse(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_prose_can_be_read(page: Path):
    for text in re.findall(r"`([a-z][^`\n]*)`", prose(page)):
        placeholders = re.search(r"[A-Z]{2,}|\bN\b|…|\.\.\.|\|", text)
        if text.split()[0] in NAMES and len(text.split()) > 1 and not placeholders:
            parse(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        other = (page.parent / path) if path else page
        assert other.exists(), f"{page.name}: {target}"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {_anchor(title) for title in titles}, f"{page.name}: {target}"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent != ROOT], ids=lambda p: p.name
)
def test_every_page_says_whom_it_is_for(page: Path):
    if page.name != "README.md" and not re.match(r"\d{4}-", page.name):
        opening = page.read_text(encoding="utf-8").split("\n\n")[1]
        assert opening.startswith("适合" if page.name.endswith(".zh.md") else "For ")
