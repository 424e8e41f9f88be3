"""Weight files: no code in them is run; fingerprints; reasons in errors."""

from pathlib import Path

import pytest
import torch

from videostyle.errors import WeightsError
from videostyle.paint.backbones import weights


def test_reasons_are_a_sentence_without_colors() -> None:
    error = RuntimeError("Weights only load failed. In PyTorch 2.6, we changed \x1b[1mit\x1b[0m")
    assert weights._reason(error) == "Weights only load failed"
    assert weights._reason(EOFError()) == "EOFError"


class Trap:
    """Creates a file where pickle runs it."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("trapped"),))


def test_no_code_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(WeightsError, match="holds no weights"):
        weights.read_weights(tmp_path / "trap.pth")
    assert not (tmp_path / "trapped").exists()


def test_fingerprint_depends_on_names_values_and_text() -> None:
    tensors = {"a": torch.arange(3.0)}
    prints = {
        weights.fingerprint(tensors),
        weights.fingerprint(tensors, "x"),
        weights.fingerprint({"b": torch.arange(3.0)}),
        weights.fingerprint({"a": torch.arange(3.0) + 1e-6}),
    }
    assert len(prints) == 4
    assert weights.fingerprint(tensors) == weights.fingerprint({"a": torch.arange(3.0)})
