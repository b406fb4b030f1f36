"""The built wheel, installed into an environment of its own, runs from anywhere."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from console import __version__, assets
from console.errors import ConsoleError

CHECKOUT = Path(__file__).resolve().parents[1]
SHIPPED = {
    folder: sorted(path.name for path in (CHECKOUT / folder).iterdir() if path.is_file())
    for folder in ("schema", "themes")
}


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a program without anything that points back at the checkout."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "COV"))
    }
    answer = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without an environment of its own and so without the network."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    run(*build, cwd=CHECKOUT)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel installed; the dependencies are the tests' own."""
    folder = tmp_path_factory.mktemp("environment")
    python = folder / "bin" / "python"
    # Our own pip is much faster than a second one; not every environment has it.
    borrow = importlib.util.find_spec("pip") is not None
    venv.create(folder, with_pip=not borrow, symlinks=True)
    pip = ["--python", str(python)] if borrow else []
    interpreter = sys.executable if borrow else python
    install = ["install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    run(interpreter, "-m", "pip", *pip, *install, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Last on the path, so that the installed console is found before a checkout that is
    # installed for editing beside the dependencies; and only as a folder, which runs none of
    # the .pth files in it.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_holds_the_package_and_its_assets_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder, files in SHIPPED.items():
        for file in files:
            assert f"console/{folder}/{file}" in names
    sources = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "console").rglob("*.py")}
    queries = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "console").rglob("*.sql")}
    assert sources | queries <= names
    strangers = {
        name
        for name in names
        if not name.startswith(("console/", f"rowsight-{__version__}.dist-info/"))
    }
    assert strangers == set()
    assert not [name for name in names if name.endswith(".pyc") or "/tests/" in name]


def test_the_command_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    command = installed / "bin" / "rowsight"
    assert __version__ in run(command, "--version", cwd=tmp_path)
    assert "migrate" in run(command, "--help", cwd=tmp_path)
    assert __version__ in run(
        installed / "bin" / "python", "-m", "console", "--version", cwd=tmp_path
    )


def test_assets_are_the_installed_ones(installed: Path, tmp_path: Path) -> None:
    code = (
        "import console\n"
        "from console import assets\n"
        "print(console.__file__)\n"
        f"print(*[assets.schema_file(name) for name in {SHIPPED['schema']}], sep='\\n')\n"
        f"print(*[assets.theme_file(name) for name in {SHIPPED['themes']}], sep='\\n')\n"
    )
    paths = run(installed / "bin" / "python", "-c", code, cwd=tmp_path).splitlines()
    assert len(paths) == 1 + len(SHIPPED["schema"]) + len(SHIPPED["themes"])
    assert [path for path in paths if not path.startswith(str(installed))] == []


def test_every_module_of_the_wheel_imports(installed: Path, tmp_path: Path) -> None:
    code = (
        "import importlib, pkgutil, console\n"
        "for module in pkgutil.walk_packages(console.__path__, 'console.'):\n"
        "    module.name.endswith('__main__') or print(importlib.import_module(module.name))\n"
    )
    imported = run(installed / "bin" / "python", "-c", code, cwd=tmp_path)
    assert "console.connection.session" in imported
    assert str(CHECKOUT / "console") not in imported


def test_an_incomplete_installation_says_so() -> None:
    with pytest.raises(ConsoleError, match=r"schema/no_such_file\.sql is missing") as caught:
        assets.schema_file("no_such_file.sql")
    assert "install" in caught.value.hint
