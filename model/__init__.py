"""Read a chest radiograph: file bytes -> Radiograph -> Finding. Independent of Streamlit and TensorFlow.

    from pathlib import Path
    from model import AdmissionGate, decode, load_model

    gate = AdmissionGate.from_classifier(load_model())
    finding = gate.read(gate.examine(decode(Path("radiograph.dcm").read_bytes())))

Names of this package are imported on first use, so a child process that needs one module does not import the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.admission.gate import AdmissionGate
    from model.imaging.decode import decode
    from model.inference.classifier import Classifier, load_model
    from model.inference.finding import Finding

__all__ = ["AdmissionGate", "Classifier", "Finding", "decode", "load_model"]

_MODULES = {
    "AdmissionGate": "model.admission.gate",
    "Classifier": "model.inference.classifier",
    "Finding": "model.inference.finding",
    "decode": "model.imaging.decode",
    "load_model": "model.inference.classifier",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
