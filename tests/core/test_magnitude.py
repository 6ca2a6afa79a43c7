"""Magnitude pruning is exact: so many zeros, the smallest ones, whatever the types and ties."""

from __future__ import annotations

import ml_dtypes
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from workbench.core.magnitude import cut_for, magnitude_keys, share_counts, zeros_in

floats = st.sampled_from([np.float16, np.float32, np.float64])
tensors = st.lists(
    floats.flatmap(
        lambda dtype: arrays.arrays(
            dtype,
            arrays.array_shapes(max_dims=3, max_side=6),
            elements=st.sampled_from([0.25, -0.25, 0.5, -1.0, 2.0, 3.5, -7.0, 1e-3]),
        )
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(tensors=tensors, sparsity=st.floats(0, 0.99))
def test_exactly_the_asked_number_of_the_smallest_becomes_zero(tensors: list[np.ndarray], sparsity: float) -> None:
    total = sum(tensor.size for tensor in tensors)
    count = round(sparsity * total)
    cut = cut_for([lambda tensor=tensor: tensor for tensor in tensors], count)  # type: ignore[misc]
    pruned = [cut.prune(tensor) for tensor in tensors]
    assert sum(zeros_in(tensor) for tensor in pruned) == count
    before = np.concatenate([np.abs(tensor).reshape(-1).astype(np.float32) for tensor in tensors])
    after = np.concatenate([np.abs(tensor).reshape(-1).astype(np.float32) for tensor in pruned])
    kept, gone = before[after != 0], before[after == 0]
    assert np.array_equal(kept, after[after != 0])
    assert kept.size == 0 or gone.size == 0 or kept.min() >= gone.max()
    assert all(tensor.dtype == source.dtype for tensor, source in zip(pruned, tensors, strict=True))


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 1000), min_size=1, max_size=20), sparsity=st.floats(0, 0.99))
def test_each_layer_gets_its_share_and_all_together_the_exact_one(sizes: list[int], sparsity: float) -> None:
    counts = share_counts(sizes, sparsity)
    assert abs(sum(counts) - sparsity * sum(sizes)) <= 0.5 + 1e-6
    assert all(abs(count - sparsity * size) <= 1 for count, size in zip(counts, sizes, strict=True))


def test_zeros_that_are_there_already_count() -> None:
    values = np.array([0.0, -0.0, 1.0, 2.0], dtype=np.float32)
    assert zeros_in(cut_for([lambda: values], 2).prune(values)) == 2
    assert zeros_in(cut_for([lambda: values], 3).prune(values)) == 3


def test_not_a_number_is_never_pruned_and_infinity_comes_late() -> None:
    values = np.array([np.nan, 5.0, -np.inf, 1.0], dtype=np.float32)
    pruned = cut_for([lambda: values], 2).prune(values)
    assert np.isnan(pruned[0])
    assert np.isinf(pruned[2])
    assert pruned[[1, 3]].tolist() == [0, 0]


def test_bfloat16_of_either_kind() -> None:
    known = np.array([1.0, -0.5, 3.0, 0.25], dtype=ml_dtypes.bfloat16)
    opaque = known.view("V2")
    assert np.array_equal(magnitude_keys(known), magnitude_keys(opaque))
    pruned = cut_for([lambda: opaque], 2).prune(opaque)
    assert pruned.view(ml_dtypes.bfloat16).astype(float).tolist() == [1.0, 0.0, 3.0, 0.0]
