"""Run MultiQC without network and without a path of this machine in its page."""

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from myeloma import files, run

CONFIG = """\
title: {title}
show_analysis_paths: false
show_analysis_time: false
no_version_check: true
no_ai: true
skip_generalstats: false
disable_version_detection: false
use_filename_as_sample_name: false
"""
NOTHING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>MultiQC: nothing found</title></head>
<body><p>MultiQC found no measures in this run: no sample was aligned.</p></body></html>
"""


def summarise(folders: Sequence[str], title: str, output: str) -> None:
    """One self-contained page over the logs in `folders`; a page that says so where there are none."""
    here = Path.cwd()
    given = [folder for folder in folders if Path(folder).is_dir()]
    with tempfile.TemporaryDirectory() as made, files.whole(output) as private:
        config = Path(made) / "config.yaml"
        config.write_text(CONFIG.format(title=json.dumps(plain_title(title))), encoding="utf-8")
        words = ["multiqc", "--force", "--no-version-check", "--no-ai", "--no-megaqc-upload", "--no-data-dir"]
        words += ["--no-ansi", "--config", config, "--outdir", made, "--filename", "multiqc.html"]
        if given:
            run.command([*words, *given])
        page = Path(made) / "multiqc.html"
        text = page.read_text(encoding="utf-8") if page.exists() else NOTHING
        for path in (made, str(here)):
            text = text.replace(path, ".")
        private.write_text(text, encoding="utf-8")


def plain_title(title: str) -> str:
    """The title without what MultiQC would put into its script unescaped (quotes, <, backslash)."""
    return re.sub(r"[^\w .,;:()/+-]", " ", title).strip() or "Quality"
