from itertools import chain

from srcnn_lightning.data.pairs import BatchIndices


def test_batch_indices_cover_each_image_once_in_every_epoch():
    sampler = BatchIndices(60, 7, seed=0)
    orders = []
    for epoch in range(5):
        sampler.set_epoch(epoch)
        batches = list(sampler)
        assert [len(batch) for batch in batches] == [7] * 8 + [4]
        assert len(sampler) == 9
        orders.append(list(chain(*batches)))
        assert sorted(orders[-1]) == list(range(60))
    assert len({tuple(order) for order in orders}) == 5


def test_batch_indices_do_not_confuse_seed_with_epoch():
    # seed + epoch as the one seed would give seed 1 the epochs of seed 0, one later.
    early, late = BatchIndices(60, 60, seed=1), BatchIndices(60, 60, seed=0)
    late.set_epoch(1)
    assert list(early) != list(late)


def test_batch_indices_without_a_seed_are_in_order():
    sampler = BatchIndices(5, 2)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        assert list(sampler) == [[0, 1], [2, 3], [4]]
