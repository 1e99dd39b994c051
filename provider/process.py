"""What the plugin process does better than it would by default. Behaviour stays the same."""

import ctypes
import gc
import importlib
from contextlib import suppress
from functools import lru_cache

from pydantic import TypeAdapter

READERS = (
    "dify_plugin.core.runtime",
    "dify_plugin.core.server.stdio.request_reader",
    "dify_plugin.core.server.tcp.request_reader",
)
"""The SDK's modules that read lines from the daemon."""

KEPT_VALIDATORS = 16
"""They ask for one kind of validator each."""


OWN_MAPPING_BYTES = 1024 * 1024
"""From this size on a block of memory is the system's again as soon as it is free."""

_M_MMAP_THRESHOLD = -3
"""The parameter of glibc's `mallopt` (its `malloc.h`)."""


def tune_process() -> None:
    """Spare the process work that it would do again and again. Call once, when all is loaded.

    From here on the collector works, if it rested before.
    """
    for name in READERS:
        _keep_validators(name)
    _give_large_blocks_back()
    # what is loaded by now stays: the collector need not walk through it again and again
    gc.freeze()
    gc.enable()


def _keep_validators(module_name: str) -> None:
    """Let a module build each of its validators once.

    The SDK (0.10) makes a new `TypeAdapter` for every line that it reads, which takes a third of
    all the time that an event takes. Where it no longer does, nothing is changed.
    """
    module = importlib.import_module(module_name)
    if getattr(module, "TypeAdapter", None) is TypeAdapter:
        vars(module)["TypeAdapter"] = lru_cache(maxsize=KEPT_VALIDATORS)(TypeAdapter)


def _give_large_blocks_back() -> None:
    """Have uploads leave nothing behind.

    By default glibc raises the size from which a block has a mapping of its own with the first
    large ones, and the memory of later ones stays with the process in pieces: after 200 files of
    5 MB some 300 MB. Other C libraries have no such function, or know how to do without it.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, OWN_MAPPING_BYTES)
