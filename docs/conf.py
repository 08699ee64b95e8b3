"""The documentation site: python -m sphinx -W docs build/site (pip install -e ".[docs]")."""

import re

from gan_jax import __version__

REPOSITORY = ""  # the address of the repository, such as https://example.org/gan_jax; empty: code is named, not linked

project = "gan_jax"
author = copyright = "The gan_jax developers"
version = release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["build", "**/.ipynb_checkpoints"]
html_theme = "pydata_sphinx_theme"
html_title = f"gan_jax {__version__}"
html_show_sourcelink = False
html_theme_options = {
    "navbar_center": [],  # all pages stand at the side
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
html_sidebars = {"**": ["globaltoc.html"]}
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"  # notebooks are executed by the tests
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_google_docstring = True
suppress_warnings = ["myst.header"]  # a page included from elsewhere begins at its own level

# A link from a page to a file outside of docs/.
_OUTWARD = re.compile(r"(?<!!)\[([^\]]*)\]\((?:\.\./)+((?!docs/)(?!\w+\.md)[^)#\s]+)(?:#[^)]*)?\)")


def to_repository(app, name, source):
    """Links to files that are no pages become links to the repository, or plain names where it has no address."""
    there = lambda match: f"[{match[1]}]({REPOSITORY}/blob/main/{match[2]})" if REPOSITORY else match[1]
    source[0] = _OUTWARD.sub(there, source[0])


def escape_stars(app, what, name, obj, options, lines):
    """Shapes such as [n, *shape] are no emphasis."""
    lines[:] = [line.replace("*", r"\*") for line in lines]


def setup(app):
    app.connect("source-read", to_repository)
    app.connect(
        "autodoc-process-docstring", escape_stars, priority=900
    )  # after napoleon, whose fields stay as they are
