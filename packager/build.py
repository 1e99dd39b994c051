"""The steps from a work tree to a checked package."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from packager.archive import archive_bytes
from packager.contents import check_names
from packager.declaration import check_declaration
from packager.files import plugin_files
from packager.loading import load_routes


@dataclass(frozen=True)
class Package:
    """A package that was built."""

    path: Path
    names: tuple[str, ...]
    """The files in it."""
    routes: tuple[str, ...]
    """What the SDK loaded from it, each as "METHOD /path"."""
    size: int
    """Bytes."""
    sha256: str


def build_package(root: Path, output: Path) -> Package:
    """Build the package of the plugin at `root` in the folder `output`.

    Nothing is written unless every check holds; else PackageError is raised.
    """
    names = plugin_files(root)
    check_names(names)
    files = {name: (root / name).read_bytes() for name in names}
    identity = check_declaration(files)
    content = archive_bytes(files)
    routes = load_routes(content)
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{identity.name}-{identity.version}.difypkg"
    path.write_bytes(content)
    return Package(
        path, tuple(names), tuple(routes), len(content), hashlib.sha256(content).hexdigest()
    )
