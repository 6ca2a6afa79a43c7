"""Latency figures against values worked out by hand."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.latency import summarize, throughput


def test_percentiles_are_interpolated():
    found = summarize([float(number) for number in range(1, 12)])
    assert (found.runs, found.mean_ms, found.p50_ms, found.p90_ms) == (11, 6.0, 6.0, 10.0)
    assert found.p99_ms == pytest.approx(10.9)
    assert (found.min_ms, found.max_ms) == (1.0, 11.0)
    assert throughput(found, 3) == 500.0


@given(st.lists(st.floats(1e-6, 1e6), min_size=1))
def test_figures_are_in_order(latencies):
    found = summarize(latencies)
    ordered = [found.min_ms, found.p50_ms, found.p90_ms, found.p99_ms, found.max_ms]
    assert all(low <= high * (1 + 1e-12) for low, high in itertools.pairwise(ordered))
    assert found.min_ms <= found.mean_ms * (1 + 1e-12)


def test_no_latencies_are_no_figures():
    with pytest.raises(ValueError, match="no latencies"):
        summarize([])
