"""Which tests one worker takes after another when several run side by side."""

import pytest
from xdist.scheduler import LoadScopeScheduling

# What waits most goes first, beside what computes; small units last, so that no worker is left alone at the end.
FOLDERS = ("faults", "e2e", "integration", "contract", "unit")

# One page and one browser for all of its tests.
SHARED = {"tests/e2e/test_form_page.py"}


class FileScheduling(LoadScopeScheduling):
    """Each file whole, because what a file sets up once is set up once; a test that sets up its own stage by itself."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return nodeid if file.startswith("tests/e2e/") and file not in SHARED else file


def place(item: pytest.Item) -> int:
    folder = item.nodeid.split("/")[1]
    return FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS)
