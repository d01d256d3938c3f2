"""One log file a job: messages with their level, warnings, and the traceback of what failed."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOGGER = logging.getLogger("myeloma")


@contextmanager
def log_to(path: str | os.PathLike) -> Iterator[logging.Logger]:
    """Send logging and uncaught errors of the block to `path` (and errors to stderr as well)."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    try:
        yield LOGGER
    except BaseException as error:
        handler.stream.write("".join(traceback.format_exception(error)))
        print(f"{type(error).__name__}: {error}\nFull log: {path}", file=sys.stderr)
        raise
    finally:
        root.removeHandler(handler)
        handler.close()
