"""The package: what is in it, that it is the same each time, and that Dify's SDK can run it."""

import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from packager import PackageError
from packager.build import Package, build_package
from packager.files import IGNORE_FILE, plugin_files

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package of this work tree."""
    return build_package(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the plugin, to break."""
    return _copy_of_plugin(tmp_path / "tree")


def _copy_of_plugin(folder: Path) -> Path:
    for name in [*plugin_files(ROOT), IGNORE_FILE, ".gitignore"]:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return folder


def _write(file: Path, text: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_named_after_the_manifest(package: Package) -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text(encoding="utf-8"))
    assert package.path.name == f"app_proxy-{manifest['version']}.difypkg"


def test_same_files_give_the_same_bytes(package: Package, tree: Path, tmp_path: Path) -> None:
    for file in tree.rglob("*"):
        os.utime(file, (2_000_000_000, 2_000_000_000))
        if file.is_file():
            file.chmod(0o600)
    again = build_package(tree, tmp_path / "dist")
    assert again.path.read_bytes() == package.path.read_bytes()
    assert again.sha256 == package.sha256


def test_holds_the_plugin_and_nothing_else(package: Package) -> None:
    top = {"manifest.yaml", "main.py", "requirements.txt", "README.md", "PRIVACY.md", "LICENSE"}
    with zipfile.ZipFile(package.path) as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(set(names)) == list(package.names)
    assert top <= set(names)
    assert {name.split("/")[0] for name in names} - top <= {
        *("_assets", "endpoints", "group", "provider", "CHANGELOG.md")
    }
    for entry in entries:
        assert stat.S_ISREG(entry.external_attr >> 16)
        assert entry.compress_type == zipfile.ZIP_DEFLATED


def test_every_route_is_loaded_by_the_sdk(package: Package) -> None:
    group = yaml.safe_load((ROOT / "group/app_proxy.yaml").read_text(encoding="utf-8"))
    routes = [yaml.safe_load((ROOT / name).read_bytes()) for name in group["endpoints"]]
    assert list(package.routes) == [f"{route['method']} {route['path']}" for route in routes]


@pytest.mark.parametrize("with_git", [False, True])
def test_strays_never_get_in(package: Package, tree: Path, tmp_path: Path, with_git: bool) -> None:
    strays = [
        *(".env", ".env.local", ".env.example", "endpoints/.env", "key.pem", "server.log"),
        *("tests/test_it.py", "endpoints/test_it.py", "provider/tests/it.py", "conftest.py"),
        *("localserver/it.py", "benchmarks/it.py", "packager/it.py", ".ci/run"),
        *("endpoints/__pycache__/it.pyc", ".venv/pyvenv.cfg", "dist/app_proxy-0.0.1.difypkg"),
    ]
    for stray in strays:
        _write(tree / stray, "SECRET=1")
    if with_git:
        subprocess.run(["git", "init", "-q", str(tree)], check=True)
        # What is tracked although .gitignore names it stays out as well.
        subprocess.run(["git", "-C", str(tree), "add", "--force", "--all"], check=True)
    built = build_package(tree, tmp_path / "dist")
    assert built.names == package.names


def test_new_files_need_no_git_add_and_deleted_ones_are_gone(tree: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    subprocess.run(["git", "-C", str(tree), "add", "--all"], check=True)
    _write(tree / "provider/new.py")
    (tree / "CHANGELOG.md").unlink()
    names = plugin_files(tree)
    assert "provider/new.py" in names
    assert "CHANGELOG.md" not in names


@pytest.mark.parametrize(
    "stranger", ["notes.txt", "pyproject.toml", "provider/data.bin", "other/module.py"]
)
def test_what_does_not_belong_is_refused(tree: Path, tmp_path: Path, stranger: str) -> None:
    _write(tree / stranger)
    with pytest.raises(PackageError, match=f"{stranger} is not part of the plugin"):
        build_package(tree, tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


def test_links_are_refused(tree: Path, tmp_path: Path) -> None:
    _write(tmp_path / "outside.py")
    (tree / "provider/link.py").symlink_to(tmp_path / "outside.py")
    (tree / "provider/folder").symlink_to(tmp_path)
    with pytest.raises(PackageError) as caught:
        build_package(tree, tmp_path / "dist")
    assert caught.value.problems == (
        "provider/folder is not a regular file",
        "provider/link.py is not a regular file",
    )


def test_an_archive_that_is_too_large_is_refused(tree: Path, tmp_path: Path) -> None:
    (tree / "_assets/photo.png").write_bytes(os.urandom(5_000_000))
    with pytest.raises(PackageError, match=r"largest: _assets/photo\.png"):
        build_package(tree, tmp_path / "dist")


def test_ignore_file_means_the_same_to_difys_own_packager() -> None:
    # It stops at the first pattern that matches: a negated one is never looked at.
    lines = (ROOT / IGNORE_FILE).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("!")] == []


def _edit(name: str, pattern: str, new: str) -> Callable[[Path], None]:
    def edit(tree: Path) -> None:
        text = (tree / name).read_text(encoding="utf-8")
        edited, times = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
        assert times == 1, f"{name} has nothing like {pattern}"
        (tree / name).write_text(edited, encoding="utf-8")

    return edit


def _delete(name: str) -> Callable[[Path], None]:
    return lambda tree: (tree / name).unlink()


def _append(name: str, text: str) -> Callable[[Path], None]:
    def append(tree: Path) -> None:
        with (tree / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return append


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (_delete("README.md"), "README.md is missing"),
        (_delete("_assets/icon.svg"), "icon names no file in _assets/"),
        (_delete("group/app_proxy.yaml"), "group/app_proxy.yaml is named in manifest.yaml, but"),
        (_delete("endpoints/chat.yaml"), "endpoints/chat.yaml is named in group/app_proxy.yaml"),
        (_delete("endpoints/chat.py"), "source names endpoints/chat.py, which is missing"),
        (_edit("manifest.yaml", "^author: .*", "author: my-dify"), "author must be of"),
        (_edit("manifest.yaml", "^author: .*", "author: App"), "author must be of"),
        (_edit("manifest.yaml", "^version: .*", "version: 0.1"), "version must look like"),
        (_edit("manifest.yaml", "  ja_JP: App Proxy\n", ""), "label has no text in ja_JP"),
        (_edit("manifest.yaml", "^  - utilities", "  - tools"), "does not know: tools"),
        (_edit("manifest.yaml", "enabled: true", "enabled: false"), "endpoint must be enabled"),
        (_edit("manifest.yaml", r"size: \d+", "size: 1073741824"), "storage.size is above"),
        (_edit("manifest.yaml", r'"3\.12"', "3.12"), "meta.runner.version must be a string"),
        (_edit("manifest.yaml", "label:", "label: ]"), "manifest.yaml is not YAML"),
        (_edit("manifest.yaml", r"memory: \d+", "memory: much"), "the SDK can't load"),
        (_edit("group/app_proxy.yaml", "type: secret-input", "type: boolean"), "type must be one"),
        (_edit("endpoints/chat.yaml", "POST", "PATCH"), "method must be one of"),
        (_edit("endpoints/chat.yaml", "^path: ", "path: chat"), "path must begin with /"),
        (_append("endpoints/chat.py", "\n1 / 0\n"), "ZeroDivisionError"),
        (_append("endpoints/chat.py", "\nimport localserver\n"), "No module named 'localserver'"),
        (
            _append("endpoints/chat.py", "\nfrom dify_plugin import Endpoint as One\n"
                    "class Two(One):\n    def _invoke(self, r, values, settings): ...\n"),
            "Multiple subclasses of Endpoint",
        ),
    ],
)  # fmt: skip
def test_what_dify_could_not_run_is_refused(
    tree: Path, tmp_path: Path, damage: Callable[[Path], None], problem: str
) -> None:
    damage(tree)
    with pytest.raises(PackageError) as caught:
        build_package(tree, tmp_path / "dist")
    assert problem in str(caught.value)
    assert not (tmp_path / "dist").exists()


def test_command_says_what_is_wrong(tree: Path, tmp_path: Path) -> None:
    _write(tree / "notes.txt")
    command = [sys.executable, "-m", "packager", "--root", str(tree)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert "notes.txt is not part of the plugin" in run.stderr
    assert "Traceback" not in run.stderr
