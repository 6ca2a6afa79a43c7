"""What a person reads for the keys under which figures, settings and facts of a machine are stored."""

from __future__ import annotations

from workbench.core.i18n import N_, _

_CAPTIONS = {
    # figures of a step
    "sparsity": N_("Sparsity"),
    "pruned_weights": N_("Pruned weights"),
    "gzip_bytes_before": N_("Compressed before (gzip, bytes)"),
    "gzip_bytes_after": N_("Compressed after (gzip, bytes)"),
    "quantized_layers": N_("Quantized layers"),
    "calibration_agreement": N_("Agreement on calibration data"),
    # figures of a comparison
    "samples": N_("Samples"),
    "passed": N_("Passed"),
    "max_abs_error": N_("Largest difference"),
    "max_rel_error": N_("Largest relative difference"),
    "cosine": N_("Cosine"),
    "top1_agreement": N_("Top-1 agreement"),
    # settings of a step
    "activations": N_("Activations"),
    "agreement": N_("Wanted agreement"),
    "arithmetic": N_("Arithmetic"),
    "batch": N_("Batch"),
    "depthwise": N_("Depthwise convolutions"),
    "grpc_port": N_("gRPC port"),
    "io": N_("Inputs and outputs"),
    "layers": N_("Layers"),
    "minimum_size": N_("Minimum size"),
    "name": N_("Name"),
    "opset": N_("Opset"),
    "per_channel": N_("Per channel"),
    "percentile": N_("Percentile"),
    "ranges": N_("Ranges"),
    "reduce_range": N_("7-bit weights"),
    "rest_port": N_("REST port"),
    "scope": N_("Scope"),
    "signature": N_("Signature"),
    "skip": N_("Layers to skip"),
    "version": N_("Version"),
    "warmup": N_("Warm-up requests"),
    # a machine
    "cpu": N_("Processor"),
    "cores": N_("Cores"),
    "usable": N_("Usable threads"),
    "memory": N_("Memory"),
    "system": N_("System"),
    "python": N_("Python"),
    "governor": N_("Frequency governor"),
    "load": N_("Load"),
    "busy_share": N_("Share used by other programs"),
}


def caption(key: str) -> str:
    """Return the translated caption of a stored key; one that a plugin brought is shown as it is, in words."""
    known = _CAPTIONS.get(key)
    return _(known) if known else key.replace("_", " ")
