"""Texts that people read: translated, with plural forms, and errors that carry them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.core import i18n
from workbench.core.errors import EngineRequired, JobCrashed, WorkbenchError
from workbench.core.i18n import N_, _, ngettext

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Choose another name: nothing is overwritten."
msgstr "Bitte einen anderen Namen wählen: Es wird nichts überschrieben."

msgid "Benchmark {n} model"
msgid_plural "Benchmark {n} models"
msgstr[0] "{n} Modell messen"
msgstr[1] "{n} Modelle messen"
"""


@pytest.fixture
def german(tmp_path, monkeypatch):
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    folder = tmp_path / "translations" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(PO, encoding="utf-8")
    with (folder / "messages.po").open("rb") as source, (folder / "workbench.mo").open("wb") as target:
        write_mo(target, read_po(source))
    monkeypatch.setattr(i18n, "resources", lambda: Path(tmp_path))
    i18n.set_language("de")
    yield
    monkeypatch.undo()
    i18n.set_language("en")


def test_texts_are_translated_when_there_is_a_catalogue(german):
    marked = N_("Choose another name: nothing is overwritten.")
    assert _(marked) == "Bitte einen anderen Namen wählen: Es wird nichts überschrieben."
    assert ngettext("Benchmark {n} model", "Benchmark {n} models", 1).format(n=1) == "1 Modell messen"
    assert ngettext("Benchmark {n} model", "Benchmark {n} models", 3).format(n=3) == "3 Modelle messen"
    assert _("not in the catalogue") == "not in the catalogue"


def test_without_a_catalogue_the_text_itself_is_shown(german):
    i18n.set_language("xx")
    assert _("Choose another name: nothing is overwritten.").startswith("Choose")
    assert ngettext("one", "many", 2) == "many"


def test_an_empty_text_stays_empty(german):
    assert _("") == "", "gettext would give the catalogue's header"


def test_errors_carry_what_the_person_reads():
    error = WorkbenchError("It is full.", "Free some space.")
    assert (str(error), error.message, error.hint) == ("It is full.", "It is full.", "Free some space.")
    assert WorkbenchError("x").hint == ""
    assert EngineRequired("tf-keras").engine == "tf-keras"
    crash = JobCrashed("It crashed.", "Report it.", "Traceback ...")
    assert (str(crash), crash.hint, crash.details) == ("It crashed.", "Report it.", "Traceback ...")
