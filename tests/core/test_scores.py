"""Class scores, labels and names."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.core.errors import WorkbenchError
from workbench.core.scores import best, check_labels, class_scores, looks_like_probabilities, reorder, scored_output


def test_axes_of_one_are_dropped_and_other_shapes_are_no_scores() -> None:
    assert class_scores(np.zeros((5, 1, 1, 3), "f")).shape == (5, 3)  # type: ignore[union-attr]
    assert class_scores(np.zeros((5, 2, 3), "f")) is None
    assert class_scores(np.array(3.0)) is None
    assert class_scores(np.array([["a"]])) is None


def test_one_number_is_a_probability_or_a_logit() -> None:
    probability = class_scores(np.array([[0.2], [0.7]]))
    logit = class_scores(np.array([[-0.2], [0.7], [4.0]]))
    assert probability is not None
    assert logit is not None
    assert best(probability, 1).ravel().tolist() == [0, 1]
    assert best(logit, 1).ravel().tolist() == [0, 1, 1]


def test_of_equal_scores_the_first_class_is_best() -> None:
    assert best(np.array([[1.0, 3.0, 3.0]]), 3).tolist() == [[1, 2, 0]]


def test_probabilities_add_up_to_one() -> None:
    assert looks_like_probabilities(np.array([[0.25, 0.75], [0.996, 0.0]]))
    assert not looks_like_probabilities(np.array([[2.0, -1.0]]))
    assert not looks_like_probabilities(np.array([[0.9, 0.9]]))


def test_the_first_output_with_scores_is_taken_or_all_are_named() -> None:
    boxes, scores = np.zeros((2, 4, 4)), np.zeros((2, 3))
    assert scored_output({"boxes": boxes, "scores": scores}) is scores
    with pytest.raises(WorkbenchError, match=r"boxes \[2, 4, 4\]"):
        scored_output({"boxes": boxes})


@pytest.mark.parametrize("labels", [[-1, 0], [0, 3]])
def test_labels_outside_the_classes_are_refused(labels: list[int]) -> None:
    with pytest.raises(WorkbenchError, match="3 classes"):
        check_labels(np.asarray(labels), 3)


def test_labels_are_only_reordered_when_the_names_are_the_same_set() -> None:
    labels = np.array([0, 1])
    assert reorder(labels, ["a", "b"], ["b", "A "]).tolist() == [1, 0]
    assert reorder(labels, ["a", "b"], ["b", "c"]) is labels
    assert reorder(labels, ["a", "b"], ["a", "b"]) is labels
    assert reorder(labels, [], ["a", "b"]) is labels
