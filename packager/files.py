"""Which files of the work tree go into the package."""

import os
import subprocess
from pathlib import Path

from pathspec import GitIgnoreSpec

from packager import PackageError

IGNORE_FILE = ".difyignore"


def plugin_files(root: Path) -> list[str]:
    """Names, relative to `root` and sorted, of the files that `.difyignore` leaves.

    Raises PackageError if one of them is a symbolic link or no regular file: what it points to may
    lie anywhere on this machine.
    """
    ignored = _patterns(root, IGNORE_FILE)
    names = sorted(name for name in work_tree_files(root) if not ignored.match_file(name))
    irregular = [name for name in names if not _is_regular(root / name)]
    if irregular:
        raise PackageError(*(f"{name} is not a regular file" for name in irregular))
    return names


def work_tree_files(root: Path) -> list[str]:
    """Names of the files that git tracks or would track, those deleted from disk left out.

    Without git, or outside a repository, every file that `.gitignore` does not exclude.
    """
    listed = _listed_by_git(root) or _listed_by_walk(root)
    return [name for name in listed if os.path.lexists(root / name)]


def _listed_by_git(root: Path) -> list[str]:
    command = ["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        listing = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    # A file in conflict is listed once for each of its versions.
    return sorted({os.fsdecode(name) for name in listing.split(b"\0") if name})


def _listed_by_walk(root: Path) -> list[str]:
    ignored = _patterns(root, ".gitignore", ".git/")
    names: list[str] = []
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        # A link to a folder is one entry, as it is for git, and never followed.
        links = [name for name in folders if Path(folder, name).is_symlink()]
        folders[:] = [
            name
            for name in folders
            if name not in links and not ignored.match_file(f"{(here / name).as_posix()}/")
        ]
        found = [(here / name).as_posix() for name in (*files, *links)]
        names += [name for name in found if not ignored.match_file(name)]
    return names


def _patterns(root: Path, file_name: str, *more: str) -> GitIgnoreSpec:
    file = root / file_name
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return GitIgnoreSpec.from_lines([*lines, *more])


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
