"""Translate every text that a person reads, with gettext (no Qt: the command line uses it too)."""

from __future__ import annotations

import gettext
import os

from workbench.core.paths import resources

DOMAIN = "workbench"


class _Catalogue:
    """The catalogue in force; a class so that switching language needs no global statement."""

    translations: gettext.NullTranslations = gettext.NullTranslations()


def set_language(code: str | None = None) -> None:
    """Use the catalogue for ``code`` ("en", "zh_CN"), or for the environment's language when None."""
    languages = [code] if code else None
    if not languages and not any(os.environ.get(name) for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")):
        languages = ["en"]
    _Catalogue.translations = gettext.translation(DOMAIN, resources() / "translations", languages, fallback=True)


def _(message: str) -> str:
    """Return ``message`` in the language in force."""
    return _Catalogue.translations.gettext(message) if message else ""


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the singular or plural form for ``count``, translated (the caller formats the number in)."""
    return _Catalogue.translations.ngettext(singular, plural, count)


def N_(message: str) -> str:  # noqa: N802 - the conventional gettext name for "mark, translate when shown"
    """Mark a text for extraction; whoever shows it calls ``_`` on it (class-level labels and Params metadata)."""
    return message
