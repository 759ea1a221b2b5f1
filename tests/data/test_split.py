import json
import random
import re
from dataclasses import replace

import pytest
from data_settings import data_settings

from srcnn_lightning.data.split import Split, make_split, split_settings, split_sizes
from srcnn_lightning.errors import BadInput

NAMES = [f"{index:04d}.png" for index in range(100)]


def settings(**changed):
    return data_settings(kind="folder", root="photos", **{"count": 100, **changed})


def test_split_sizes_of_the_paper():
    assert split_sizes(100, [0.6, 0.2, 0.2]) == (60, 20, 20)


@pytest.mark.parametrize(
    ("count", "fractions", "sizes"),
    [
        (3, [0.34, 0.33, 0.33], (1, 1, 1)),
        (10, [0.8, 0.1, 0.1], (8, 1, 1)),
        # 0.7 + 0.2 + 0.1 is not 1 in binary: a tolerance is needed.
        (10, [0.7, 0.2, 0.1], (7, 2, 1)),
        # Thirds are typed in decimals.
        (9, [0.3333333, 0.3333333, 0.3333333], (3, 3, 3)),
        # What rounding leaves over goes to the test images: none is lost.
        (7, [0.6, 0.2, 0.2], (4, 1, 2)),
    ],
)
def test_split_sizes_use_every_image(count, fractions, sizes):
    assert split_sizes(count, fractions) == sizes


@pytest.mark.parametrize(
    "fractions", [[0.5, 0.5], [0.4, 0.2, 0.2, 0.2], [], [1.0, 0.0, 0.0], [1.2, -0.1, -0.1]]
)
def test_split_sizes_out_of_range_name_setting_and_value(fractions):
    sentence = f"data.split={fractions}: give three fractions between 0 and 1"
    with pytest.raises(BadInput, match=re.escape(sentence)):
        split_sizes(100, fractions)


def test_split_sizes_not_a_number_is_bad_input():
    with pytest.raises(BadInput, match=re.escape("data.split=[nan, 0.5, 0.5]")):
        split_sizes(100, [float("nan"), 0.5, 0.5])


@pytest.mark.parametrize(
    ("fractions", "total"), [([0.6, 0.2, 0.1], "0.9"), ([0.6, 0.3, 0.2], "1.1")]
)
def test_split_sizes_not_adding_up_name_setting_and_sum(fractions, total):
    sentence = f"data.split={fractions}: the fractions add up to {total}; they must make 1"
    with pytest.raises(BadInput, match=re.escape(sentence)):
        split_sizes(100, fractions)


@pytest.mark.parametrize(("count", "left"), [(2, "1 train, 0 val and 1 test"), (0, "0 train")])
def test_split_sizes_with_an_empty_part_name_count_and_parts(count, left):
    sentence = f"data.count={count}: data.split=[0.6, 0.2, 0.2] leaves {left}"
    with pytest.raises(BadInput, match=re.escape(sentence)):
        split_sizes(count, [0.6, 0.2, 0.2])


def test_split_names_are_train_then_val_then_test():
    split = Split(["c"], ["a"], ["b"])
    assert split.names == ["c", "a", "b"]
    assert split.as_dict() == {"train": ["c"], "val": ["a"], "test": ["b"]}


def test_make_split_has_the_asked_sizes_and_shares_no_image():
    split = make_split(NAMES, settings())
    assert [len(split.train), len(split.val), len(split.test)] == [60, 20, 20]
    assert sorted(split.names) == NAMES


def test_make_split_does_not_depend_on_the_listing_order():
    # A directory lists its files in an order that differs between machines.
    listed = list(NAMES)
    random.Random(5).shuffle(listed)
    assert listed != NAMES
    assert make_split(listed, settings()) == make_split(NAMES, settings())
    assert make_split(tuple(reversed(NAMES)), settings()) == make_split(NAMES, settings())


def test_make_split_leaves_the_given_names_alone():
    listed = list(reversed(NAMES))
    make_split(listed, settings())
    assert listed == list(reversed(NAMES))


def test_make_split_depends_on_data_seed_alone():
    # A split from the global generator would change with the run's seed, and mix test into train.
    random.seed(1)
    first = make_split(NAMES, settings())
    random.seed(2)
    assert make_split(NAMES, settings()) == first


def test_make_split_leaves_the_global_generator_alone():
    before = random.getstate()
    make_split(NAMES, settings())
    assert random.getstate() == before


def test_make_split_differs_between_data_seeds():
    splits = [make_split(NAMES, settings(seed=seed)) for seed in range(5)]
    assert len({tuple(split.test) for split in splits}) == 5
    # Other images in the parts, not the same ones in another order.
    assert len({frozenset(split.test) for split in splits}) == 5


def test_make_split_is_shuffled():
    assert make_split(NAMES, settings()).names != NAMES


def test_make_split_chooses_count_of_more_names():
    split = make_split(NAMES, settings(count=10))
    assert [len(split.train), len(split.val), len(split.test)] == [6, 2, 2]
    assert len(set(split.names)) == 10
    assert set(split.names) < set(NAMES)
    # Chosen at random, not the first ten of the folder.
    assert set(split.names) != set(NAMES[:10])
    assert set(split.names) != set(make_split(NAMES, settings(count=10, seed=1)).names)


def test_make_split_of_too_few_names_says_how_many_there_are():
    sentence = "data.count=100: there are only 7 images in photos; set data.count=7 or fewer"
    with pytest.raises(BadInput, match=re.escape(sentence)):
        make_split(NAMES[:7], settings())


def test_make_split_of_bad_fractions_is_bad_input():
    with pytest.raises(BadInput, match=re.escape("data.split=[0.6, 0.2]")):
        make_split(NAMES, settings(split=[0.6, 0.2]))


def with_split_file(tmp_path, content):
    path = tmp_path / "split.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return settings(split_file=str(path))


GIVEN = {"train": ["0007.png", "0003.png"], "val": ["0001.png"], "test": ["0002.png"]}


@pytest.mark.parametrize("content", [GIVEN, {"format": 1, "split": GIVEN, "status": "finished"}])
def test_split_file_is_taken_as_it_stands(tmp_path, content):
    """Its order too: it is that of the batches. A run record serves as well."""
    assert make_split(NAMES, with_split_file(tmp_path, content)).as_dict() == GIVEN


def test_split_file_replaces_count_and_split_in_the_settings(tmp_path):
    data = with_split_file(tmp_path, GIVEN)
    wanted = replace(data, count=4, split=[0.5, 0.25, 0.25])
    assert split_settings(data, make_split(NAMES, data)) == wanted
    assert split_settings(settings(), make_split(NAMES, settings())) == settings()


def test_split_file_of_the_default_split_gives_the_default_settings(tmp_path):
    default = make_split(NAMES, settings())
    data = with_split_file(tmp_path, default.as_dict())
    assert make_split(NAMES, data) == default
    assert split_settings(data, default) == settings(split_file=data.split_file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("no json", "it is not JSON"),
        ("[]", "the lists train, val and test"),
        ({"train": ["0001.png"], "val": ["0002.png"]}, "the lists train, val and test"),
        ({**GIVEN, "val": []}, "the lists train, val and test"),
        ({**GIVEN, "val": "0001.png"}, "the lists train, val and test"),
        ({**GIVEN, "val": [1]}, "the lists train, val and test"),
        ({"split": 3}, "the lists train, val and test"),
        ({**GIVEN, "val": ["0002.png"]}, "0002.png stands in it twice"),
        ({**GIVEN, "train": ["0007.png", "0007.png"]}, "0007.png stands in it twice"),
        ({**GIVEN, "val": ["0100.png"]}, "0100.png is not among the 100 images of photos"),
    ],
)
def test_split_file_that_does_not_fit_is_a_sentence(tmp_path, content, words):
    data = with_split_file(tmp_path, content)
    with pytest.raises(BadInput, match=re.escape(f"data.split_file={data.split_file}: ")) as e:
        make_split(NAMES, data)
    assert words in str(e.value)
