"""`python -m packager.lint_yaml`: parse every YAML file of the work tree.

A key that is there twice is an error as well: YAML parsers let the last one win, silently.
"""

import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from packager.files import work_tree_files


class _UniqueKeyLoader(yaml.SafeLoader):
    """Builds what SafeLoader builds, and refuses a mapping that has a key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys: set[Hashable] = set()
        for key_node, _value in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key} is there twice", key_node.start_mark
                )
            keys.add(key)
        return super().construct_mapping(node, deep)


def main() -> int:
    """Exit status: 0 when all can be parsed, 1 after naming those that can't."""
    names = [name for name in work_tree_files(Path.cwd()) if name.endswith((".yaml", ".yml"))]
    faults = 0
    for name in names:
        try:
            list(yaml.load_all(Path(name).read_bytes(), _UniqueKeyLoader))
        except yaml.YAMLError as error:
            faults += 1
            print(f"{name}: {error}", file=sys.stderr)
    print(f"{len(names)} YAML files parsed, {faults} faulty")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
