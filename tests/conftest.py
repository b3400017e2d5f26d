"""What all tests share."""

from pathlib import Path

import pytest

REAL_LIST = Path(__file__).parents[2] / "shared" / "data" / "gdc_manifest_tcga_brca.tsv"


@pytest.fixture
def real_list() -> Path:
    """A real GDC manifest of 885 files, which the project does not carry."""
    if not REAL_LIST.is_file():
        pytest.skip("the real manifest is not beside this checkout")
    return REAL_LIST
