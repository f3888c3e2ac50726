"""What Temporal's listings know of a cluster without its worker: search attributes, and a memo."""

from collections.abc import Mapping

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from model.cluster import ClusterRecord

STATUS = SearchAttributeKey.for_keyword("DurabaseStatus")
DATASTORE = SearchAttributeKey.for_keyword("DurabaseDatastore")
CLOUD = SearchAttributeKey.for_keyword("DurabaseCloud")
CLUSTER_ID = SearchAttributeKey.for_keyword("DurabaseClusterId")
SEARCH_ATTRIBUTES = (STATUS, DATASTORE, CLOUD, CLUSTER_ID)

PROTECTED = "protected"
"""Key of the memo: true or false, and missing where a cluster was made before clusters could be protected."""


def list_record(record: ClusterRecord) -> None:
    """Let listings know what a cluster is and its status, by an event of its workflow's history."""
    identity = record.identity
    workflow.upsert_search_attributes(
        [
            STATUS.value_set(record.status),
            DATASTORE.value_set(identity.datastore),
            CLOUD.value_set(identity.cloud),
            CLUSTER_ID.value_set(identity.id),
        ]
    )


def list_protection(protected: bool) -> None:
    """Let listings know whether a cluster is protected, by an event likewise."""
    workflow.upsert_memo(memo_of(protected))


def memo_of(protected: bool) -> Mapping[str, bool]:
    """Return the memo that a run begins with, also one that goes on with another's: it takes over none by itself."""
    return {PROTECTED: protected}
