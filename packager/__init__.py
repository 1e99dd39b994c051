"""Builds the plugin's package, `dist/app_proxy-<version>.difypkg`, and checks it.

A tool of the repository, not part of the plugin: it needs only PyYAML and pathspec, and loads the
plugin in a process of its own.
"""


class PackageError(Exception):
    """The package can't be built: every problem found, each as a sentence for whoever builds it."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
