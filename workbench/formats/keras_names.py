"""Names that belong to Keras itself: its layers, and what their weights are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = """
    Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average
    BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate Discretization Dense
    DenseFeatures Dot Dropout ELU EinsumDense Embedding Equalization Flatten Functional GRU GRUCell
    GaussianDropout GaussianNoise GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity
    InputLayer IntegerLookup LSTM LSTMCell Lambda LayerNormalization LeakyReLU LocallyConnected1D
    LocallyConnected2D Masking Maximum MelSpectrogram Merge Minimum MixUp Model MultiHeadAttention Multiply
    Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment ReLU RepeatVector Rescaling Reshape
    Resizing ReversibleEmbedding STFTSpectrogram Sequential SimpleRNN SimpleRNNCell SlicingOpLambda Softmax
    SpectralNormalization StackedRNNCells StringLookup Subtract TFOpLambda TensorFlowOpLayer TextVectorization
    ThresholdedReLU TimeDistributed UnitNormalization CutMix Highway MaxoutDense
"""
BUILT_IN = frozenset(_NAMES.split()) | frozenset(
    f"{name}{rank}D{end}"
    for rank in (1, 2, 3)
    for name, end in [
        *[
            (pool + kind, "")
            for pool in ("", "Global")
            for kind in ("MaxPooling", "AveragePooling", "MaxPool", "AvgPool")
        ],
        *[(name, "") for name in ("AdaptiveAveragePooling", "AdaptiveMaxPooling", "Conv", "Convolution", "ConvLSTM")],
        *[(name, "") for name in ("Cropping", "DepthwiseConv", "SeparableConv", "SeparableConvolution")],
        *[(name, "") for name in ("SpatialDropout", "UpSampling", "ZeroPadding")],
        *[(name, "Transpose") for name in ("Conv", "Convolution")],
    ]
)
_KERNEL_BIAS = ("kernel", "bias")
_RECURRENT = ("kernel", "recurrent_kernel", "bias")
_WEIGHTS = {
    "Dense": _KERNEL_BIAS,
    "EinsumDense": _KERNEL_BIAS,
    "Embedding": ("embeddings",),
    "PReLU": ("alpha",),
    "GRUCell": _RECURRENT,
    "LSTMCell": _RECURRENT,
    "SimpleRNNCell": _RECURRENT,
    **{f"Conv{rank}D": _KERNEL_BIAS for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": _KERNEL_BIAS for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": _KERNEL_BIAS for rank in (1, 2)},
    **{f"SeparableConv{rank}D": ("depthwise_kernel", "pointwise_kernel", "bias") for rank in (1, 2)},
}


def is_lambda(layer: Mapping[str, Any]) -> bool:
    """Say whether loading this layer would run Python code from the file."""
    return layer.get("class_name") == "Lambda"


def is_custom(layer: Mapping[str, Any]) -> bool:
    """Say whether a layer's class is not Keras's own: from the module where the file names it, else from the name."""
    registered = layer.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        return True
    name, module = str(layer.get("class_name", "")), layer.get("module")
    if ">" in name:
        return True
    if isinstance(module, str):
        return module.split(".")[0] not in ("keras", "tf_keras", "tensorflow")
    return name not in BUILT_IN and not name.startswith("Random")


def weight_name(op: str, settings: Mapping[str, Any], number: int) -> str:
    """Name the ``number``-th variable of a layer that stores them unnamed (Keras 3); its number when not certain."""
    names: tuple[str, ...] = _WEIGHTS.get(op, ())
    if op == "BatchNormalization":
        names = ("gamma",) * bool(settings.get("scale")) + ("beta",) * bool(settings.get("center"))
        names += ("moving_mean", "moving_variance")
    elif op in ("LayerNormalization", "GroupNormalization"):
        names = ("gamma",) * bool(settings.get("scale")) + ("beta",) * bool(settings.get("center"))
    return names[number] if number < len(names) else str(number)
