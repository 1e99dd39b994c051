"""`python -m packager`: build the package, say what is in it, or what is wrong."""

import argparse
import sys
from pathlib import Path

from packager import PackageError
from packager.build import build_package

_ROOT = Path(__file__).parents[1]


def main() -> int:
    """Exit status: 0 when the package was written, 1 when a check failed."""
    parser = argparse.ArgumentParser(prog="python -m packager", description=__doc__)
    parser.add_argument("--root", type=Path, default=_ROOT, help="the plugin's folder")
    parser.add_argument("--output", type=Path, default=None, help="default: dist/ in that folder")
    arguments = parser.parse_args()
    try:
        package = build_package(arguments.root, arguments.output or arguments.root / "dist")
    except PackageError as error:
        print("no package was built:", *error.problems, sep="\n  ", file=sys.stderr)
        return 1
    print(f"{package.path}: {package.size:,} bytes, {len(package.names)} files")
    print(f"{len(package.routes)} routes loaded from it by the SDK")
    print(f"sha256 {package.sha256}")
    return 0


sys.exit(main())
