"""Sphinx: `nox -s docs` builds the pages of this folder into build/docs. Nothing is fetched from anywhere."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

# The extensions lie beside this file; what they read of the source is found from the root.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

project = "sbtransfer"
author = "The sbtransfer maintainers"
project_copyright = author
release = version = version_of(project)

extensions = ["myst_parser", "api_reference", "from_code"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = f"sbtransfer {release}"
html_copy_source = False
html_show_sphinx = False
