"""What the parity tests of the extractors share."""

import sys

import pytest


@pytest.fixture(scope="session")
def torch_package():
    """Imports a package that is built on torchvision, or skips the test where it is not installed."""

    def load(name):
        torch = pytest.importorskip("torch")
        try:
            import torchvision  # noqa: F401
        except ImportError:
            pytest.skip("needs torchvision")
        except RuntimeError as error:  # a torchvision without its compiled operators: declare those that it asks for
            if "torchvision::nms" not in str(error):
                raise
            for module in [m for m in sys.modules if m.partition(".")[0] == "torchvision"]:
                del sys.modules[module]
            operators = torch.library.Library("torchvision", "DEF")
            load.kept = operators  # the declarations live as long as this
            for operator in ("nms", "qnms"):
                operators.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return pytest.importorskip(name)

    return load
