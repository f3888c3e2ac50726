"""What is said of data that is not there."""

from model.data import Data

REASON = "volume v-1 is gone on cloud local"


def test_a_loss_names_member_volume_and_the_ways_on_in_one_sentence() -> None:
    alone = Data(volume="v-1").lost("orders", "orders-1", REASON)
    assert str(alone) == (
        "the data of orders-1 is not there: volume v-1 is gone on cloud local; nothing was made in its place; "
        "bring volume v-1 back and `durabase retry orders`, or begin with an empty database by "
        "`durabase retry orders --discard-data orders-1`, or `durabase delete orders`"
    )


def test_a_loss_names_the_replicas_that_had_a_copy_and_offers_no_empty_database() -> None:
    copied = str(Data(volume="v-1", copies=("orders-2", "orders-3")).lost("orders", "orders-1", REASON))
    assert copied.endswith(
        "orders-2 and orders-3 had a copy, but durabase cannot make a replica the primary yet: bring volume v-1 back "
        "and `durabase retry orders`, or save what you need there before `durabase delete orders`"
    )
    assert "discard" not in copied


def test_a_loss_without_a_known_volume_names_none() -> None:
    assert "; bring it back and " in str(Data().lost("orders", "orders-1", "its volume is gone"))
