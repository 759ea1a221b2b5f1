"""Bad input to the command: what every test of it types, and what every refusal is."""

from pathlib import Path

from conftest import TINY, Command

LEAVES = "data=dead_leaves"


def check_refusal(
    command: Command, folder: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Assert that a command gets one sentence with these words and status 2, and leaves nothing.

    Args:
        command: fixture that runs the command in `folder`.
        folder: working folder of the command.
        arguments: arguments of the command, which tiny settings are added to.
        words: parts of the sentence: the setting, its value, what would be right.
    """
    given = {argument.partition("=")[0] for argument in arguments}
    # Whoever has a GPU shall not see it: one case asks for what is not there.
    tiny = [item for item in TINY if item.partition("=")[0] not in given]
    result = command(*tiny, *arguments, CUDA_VISIBLE_DEVICES="")
    assert result.returncode == 2, result.stderr
    sentence = result.stderr.strip()
    assert len(sentence.splitlines()) == 1, sentence
    assert all(word in sentence for word in words), sentence
    assert {path.name for path in (folder / "outputs").glob("*")} <= {".state"}
    # A temporary file is a hidden one that ends in the number of its process.
    assert not [path for path in folder.rglob(".*") if path.suffix[1:].isdigit()]
