"""What may be in the package, whatever `.difyignore` says: an allow-list."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from packager import PackageError

REQUIRED = frozenset(
    {"manifest.yaml", "main.py", "requirements.txt", "README.md", "PRIVACY.md", "LICENSE"}
)
OPTIONAL = frozenset({"CHANGELOG.md"})
FOLDERS = {
    "_assets": frozenset({".svg", ".png"}),
    "endpoints": frozenset({".py", ".yaml", ".html", ".css", ".js"}),
    "group": frozenset({".yaml"}),
    "provider": frozenset({".py"}),
}
"""The folders of the plugin, and the kinds of files that belong in each."""


def check_names(names: Iterable[str]) -> None:
    """Raises PackageError naming every file that is missing and every one that does not belong."""
    present = set(names)
    missing = [f"{name} is missing" for name in sorted(REQUIRED - present)]
    strangers = [
        f"{name} is not part of the plugin: add it to .difyignore, or to packager/contents.py"
        for name in sorted(present)
        if not _belongs(PurePosixPath(name))
    ]
    if missing or strangers:
        raise PackageError(*missing, *strangers)


def _belongs(path: PurePosixPath) -> bool:
    if len(path.parts) == 1:
        return path.name in REQUIRED | OPTIONAL
    return (
        path.suffix in FOLDERS.get(path.parts[0], frozenset())
        and not any(part.startswith(".") for part in path.parts)
        and not {"tests", "__pycache__"} & set(path.parts)
        and not path.name.startswith(("test_", "conftest"))
    )
