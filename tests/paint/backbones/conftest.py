"""Fixtures for the tests of the backbones."""

import pytest

from videostyle.paint.backbones.published import NETWORKS, Published


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS)
def network(request: pytest.FixtureRequest) -> Published:
    """Each of the published networks."""
    published: Published = request.param
    return published
