"""Weights that a user gives as a list."""

from collections.abc import Sequence

from videostyle.errors import SettingsError


def shares(weights: Sequence[float], count: int, name: str, owners: str) -> tuple[float, ...]:
    """Weights divided by their sum, one per item; equal if none are given.

    name: the setting; owners: what the weights belong to, for the message. Raises SettingsError if there are too many
    or too few, or if they add up to 0.
    """
    weights = weights or (1.0,) * count
    if len(weights) != count or sum(weights) <= 0:
        raise SettingsError(
            f"{name} = {list(weights)}: wanted {count} weights with a sum > 0, one for each of the {owners}"
        )
    return tuple(weight / sum(weights) for weight in weights)
