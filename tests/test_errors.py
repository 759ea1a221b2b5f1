import threading

from srcnn_lightning import errors


def test_last_words_are_said_once(capsys, monkeypatch):
    """By the main thread or by the one that ends the process without it, whoever comes first."""
    monkeypatch.setattr(errors, "_last_words", threading.Lock())
    errors.say_last_words("Interrupted; what is finished is kept.")
    errors.say_last_words("Interrupted; what is finished is kept.")
    assert capsys.readouterr().err == "Interrupted; what is finished is kept.\n"
