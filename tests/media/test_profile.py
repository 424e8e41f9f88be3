"""ICC profiles of pictures."""

import numpy as np
import pytest
from PIL import ImageCms

from tests.media.profiles import WIDE
from videostyle.frames import Color
from videostyle.media.color import in_colors_of
from videostyle.media.profile import in_profile, kept_profile

RAMP = np.stack(np.meshgrid(*[np.linspace(0, 255, 9, dtype=np.uint8)] * 3), -1).reshape(27, 27, 3)


def test_a_wide_profile_is_kept_and_artworks_enter_it() -> None:
    assert kept_profile(WIDE) == WIDE
    inside = in_profile(WIDE, RAMP)
    assert inside.dtype == np.uint8
    red = in_profile(WIDE, np.full((1, 1, 3), (255, 0, 0), np.uint8))[0, 0]
    assert red[0] < 250, "the profile's own red is more saturated"
    np.testing.assert_array_equal(in_colors_of(Color(profile=WIDE), RAMP), inside)
    gray = RAMP.max(2) == RAMP.min(2)
    assert np.abs(inside[gray].astype(int) - inside[gray][:, :1]).max() <= 1, "gray stays gray"


@pytest.mark.parametrize(
    "profile", [b"", b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_others_count_as_srgb(profile: bytes) -> None:
    assert kept_profile(profile) == b""
