"""Names that belong to Keras itself: its layers, and what their weights are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = """
    Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average
    BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate Discretization Dense DenseFeatures
    Dot Dropout ELU EinsumDense Embedding Equalization Flatten Functional GRU GRUCell GaussianDropout
    GaussianNoise GroupNormalization GroupQueryAttention GroupedQueryAttention MaxNumBoundingBoxes Solarization
    StochasticDepth ConvLSTMCell ContrastLimitedAdaptiveHistogramEqualization FeatureSpace HashedCrossing
    Hashing Identity InputLayer IntegerLookup LSTM LSTMCell Lambda LayerNormalization LeakyReLU
    LocallyConnected1D LocallyConnected2D Masking Maximum MelSpectrogram Merge Minimum MixUp Model
    MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment ReLU
    RepeatVector Rescaling Reshape Resizing ReversibleEmbedding STFTSpectrogram Sequential SimpleRNN
    SimpleRNNCell SlicingOpLambda Softmax SpectralNormalization StackedRNNCells StringLookup Subtract TFOpLambda
    TensorFlowOpLayer TextVectorization ThresholdedReLU TimeDistributed UnitNormalization CutMix Highway
    MaxoutDense
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
_OPERATION_NAMES = """
    Abs Absolute AdaptiveAveragePool AdaptiveMaxPool AffineTransform All AllClose Amax Amin Angle Any Append
    Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax Argmin Argpartition Argsort Array
    ArraySplit AssociativeScan AveragePool BatchNorm BinaryCrossentropy Bincount BitwiseAnd BitwiseInvert
    BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor BroadcastTo CDist CTCDecode CTCLoss Cast
    CategoricalCrossentropy Cbrt Ceil Celu Cholesky CholeskyInverse Clip Cond Conj Conjugate Conv ConvLSTM
    ConvTranspose ConvertToTensor Copy Corrcoef Correlate Cos Cosh CountNonzero CropImages Cross Cumprod Cumsum
    Deg2rad DepthToSpace DepthwiseConv Det Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan
    DotProductAttention Dsplit Dstack Eig Eigh Einsum Elu EmptyLike Equal Erf Erfc Erfinv Exp Exp2 ExpandDims
    Expm1 ExtractPatches ExtractSequences FFT FFT2 Fabs FakeQuantWithMinMaxVars Flip Fliplr Flipud Floor
    FloorDivide Fmax Fmin Fmod Fold ForiLoop Full FullLike GaussianBlur Gcd Gelu Geomspace GetItem Glu Greater
    GreaterEqual HSVToRGB HardShrink HardSigmoid HardSilu HardTanh Heaviside Histogram Hsplit Hstack Hypot I0
    IFFT2 IRFFT ISTFT Imag InTopK Inner Inv IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal JVP Kron
    LayerNorm LayerScale Lcm Ldexp LeakyRelu LeftShift Less LessEqual Linspace Log Log10 Log1p Log2 LogSigmoid
    LogSoftmax Logaddexp Logaddexp2 Logdet LogicalAnd LogicalNot LogicalOr LogicalXor Logspace Logsumexp Lstsq
    LuFactor Map MapCoordinates Matmul MatrixRank Max MaxPool Mean Median Meshgrid Min Mish Mod Moments Moveaxis
    MultiHot NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin Nanpercentile
    Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero Norm Normalize NotEqual OneHot
    OnesLike Outer PSNR Pad PadImages Percentile PerspectiveTransform Pinv Polar Power Prod Ptp Qr Quantile RFFT
    RGBToGrayscale RGBToHSV RMSNorm Rad2deg Ravel Real Rearrange Reciprocal Relu Relu6 Repeat Resize RightShift
    Roll Rot90 Round Rsqrt SSIM STFT SVD SaturateCast ScaleAndTranslate Scan Scatter ScatterUpdate SearchSorted
    SegmentMax SegmentMin SegmentProd SegmentReduction SegmentSum Select Selu SeparableConv Sigmoid Sign Signbit
    Silu Sin Sinc Sinh Size Slice SliceUpdate Slogdet SobelEdges SoftShrink Softplus Softsign Solve
    SolveTriangular Sort SpaceToDepth SparseCategoricalCrossentropy SparsePlus SparseSigmoid Sparsemax Split
    Sqrt Square Squareplus Squeeze Stack Std StopGradient Sum Swapaxes Switch TFDConcat TFDIdentity Take
    TakeAlongAxis Tan Tanh TanhShrink Tensordot Threshold Tile TopK Trace Transpose Trapezoid Tril Triu
    TrueDivide Trunc Unfold Unique UnravelIndex Unstack Vander Var Vdot VectorizedMap View ViewAsComplex
    ViewAsReal Vsplit Vstack Where WhileLoop ZerosLike
"""
_OPERATIONS = frozenset(_OPERATION_NAMES.split())
_FOREIGN = frozenset(["TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"])
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
    if ">" in name or name in _FOREIGN:
        return True
    if isinstance(module, str):
        return module.split(".")[0] not in ("keras", "tf_keras", "tensorflow")
    return name not in BUILT_IN and not name.startswith("Random") and not _is_operation(layer)


def _is_operation(layer: Mapping[str, Any]) -> bool:
    """Say whether a node is one of Keras 3's operations; unlike a layer it has no ``trainable`` (.h5 has no module)."""
    config = layer.get("config")
    settings = config if isinstance(config, Mapping) else {}
    return layer.get("class_name") in _OPERATIONS and "trainable" not in settings


def keeps_float(op: str) -> bool:
    """Say whether a layer without a dtype of its own (Keras 1 and early 2) computes in the dtype of its input."""
    return op in BUILT_IN and op not in ("Lambda", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "Embedding")


def weight_name(op: str, settings: Mapping[str, Any], number: int) -> str:
    """Name the ``number``-th variable of a layer that stores them unnamed (Keras 3); its number when not certain."""
    names: tuple[str, ...] = _WEIGHTS.get(op, ())
    if op == "BatchNormalization":
        names = ("gamma",) * bool(settings.get("scale")) + ("beta",) * bool(settings.get("center"))
        names += ("moving_mean", "moving_variance")
    elif op in ("LayerNormalization", "GroupNormalization"):
        names = ("gamma",) * bool(settings.get("scale")) + ("beta",) * bool(settings.get("center"))
    return names[number] if number < len(names) else str(number)
