"""Say in plain words how far two models agree, and how sure an accuracy is."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from workbench.core import units
from workbench.core.agreement import Agreement, Cause
from workbench.core.datasets import RANDOM
from workbench.core.i18n import _, ngettext

Level = Literal["good", "warning", "bad"]

ROUNDING = 1e-4
"""Relative to an output's largest magnitude: two runtimes that compute the same differ by less (float32)."""
CLOSE = 0.99
"""Cosine similarity from which a quantized or pruned model counts as close."""


class Verdict(msgspec.Struct, frozen=True):
    """A headline, the sentences that back it, and how good it is."""

    level: Level
    headline: str
    sentences: list[str]


def cause_of(agreement: Agreement) -> Cause | None:
    """Return why it did not pass, "" when it did; None when an older version stored it and its figures do not say."""
    if agreement.passed or agreement.cause:
        return agreement.cause
    if agreement.samples == 0:
        return "not-run"
    if not math.isfinite(agreement.max_abs_error):
        return None
    return "unrelated" if agreement.tolerance is None else "tolerance"


def judge(agreement: Agreement) -> Verdict:
    """Judge what a comparison found; what did not pass is never good."""
    level, headline = _headline(agreement)
    if level == "good" and not agreement.passed:
        level = "warning"
    cause = cause_of(agreement)
    sentences = [] if cause in ("not-run", "shape") else [_difference(agreement)]
    if agreement.top1_agreement is not None and agreement.data != RANDOM:  # noise tends to fall into one class
        same = round(agreement.top1_agreement * agreement.samples)
        sentences.append(
            ngettext(
                "Both chose the same class for {same} of {n} sample.",
                "Both chose the same class for {same} of {n} samples ({share}).",
                agreement.samples,
            ).format(same=same, n=agreement.samples, share=units.percent(agreement.top1_agreement))
        )
    if agreement.data == RANDOM and cause != "not-run":
        sentences.append(
            _("The input was random numbers: compare on real data before you trust it, most of all a quantized model.")
        )
    if agreement.tolerance is not None and cause == "tolerance":
        sentences.append(
            _("That is beyond the tolerance of {tolerance}.").format(tolerance=units.error(agreement.tolerance))
        )
    return Verdict(level, headline, sentences)


def _failure(agreement: Agreement) -> str:
    """Return why there is nothing to weigh, or ""."""
    cause = cause_of(agreement)
    if cause == "not-run":
        return _("The result does not run.")
    if cause == "shape":
        return _("The outputs have other shapes than those of the source.")
    if cause == "unrelated":
        return _("The outputs are far from those of the source.")
    if cause is None:
        return _("The outputs cannot be compared: their shapes differ, or numbers are not finite.")
    if not math.isfinite(agreement.max_abs_error):
        return _("One of the models gives numbers that are not finite.")
    return ""


def _headline(agreement: Agreement) -> tuple[Level, str]:
    failure = _failure(agreement)
    if failure:
        return "bad", failure
    if agreement.max_abs_error == 0:
        return "good", _("The outputs are identical.")
    if agreement.max_rel_error <= ROUNDING:
        return "good", _("The outputs are equal within rounding.")
    if agreement.data == RANDOM and agreement.passed and agreement.tolerance is None:
        return "warning", _("Not judged: random input says little about real data.")
    top1 = agreement.top1_agreement
    if top1 is not None:
        if top1 == 1:
            return "good", _("The numbers differ, the decisions do not.")
        if top1 >= 0.98:
            return "good", _("The models nearly always decide alike.")
        if top1 >= 0.9:
            return "warning", _("The models often, but not always, decide alike.")
        return "bad", _("The models decide differently.")
    if agreement.cosine >= CLOSE:
        return "warning", _("The outputs are close, but not equal.")
    return "bad", _("The outputs are different.")


def _difference(agreement: Agreement) -> str:
    return _(
        "The largest difference is {absolute}, that is {relative} of the output's largest value; "
        "cosine similarity {cosine}."
    ).format(
        absolute=units.error(agreement.max_abs_error),
        relative=units.percent(agreement.max_rel_error, 2) if agreement.max_rel_error >= 1e-4
        else units.error(agreement.max_rel_error),
        cosine=units.cosine(agreement.cosine),
    )  # fmt: skip


def differ(one: tuple[float, int], other: tuple[float, int]) -> bool:
    """Say whether two accuracies, each a share and its samples, are further apart than chance: intervals do not meet.

    Careful for two models on the same samples, where a smaller difference can be real; never too bold.
    """
    (low, high), (from_, to) = accuracy_interval(*one), accuracy_interval(*other)
    return high < from_ or to < low


def accuracy_interval(share: float, samples: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of an accuracy measured on so many samples.

    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927): stays within
    0 and 1 and is right for accuracies near 100 %, where the usual formula gives an interval of no width.
    """
    if samples <= 0:
        return 0.0, 1.0
    z = 1.959964
    centre = (share + z * z / (2 * samples)) / (1 + z * z / samples)
    half = z * math.sqrt(share * (1 - share) / samples + z * z / (4 * samples**2)) / (1 + z * z / samples)
    return max(0.0, centre - half), min(1.0, centre + half)
