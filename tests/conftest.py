"""Shared by all tests."""

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without CUDA, skip tests marked ``gpu`` unless FAIL_WITHOUT_GPU is set."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked or os.environ.get("FAIL_WITHOUT_GPU"):
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device found"))
