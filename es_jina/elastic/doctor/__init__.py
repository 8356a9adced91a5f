"""What is wrong with a cluster and with the indices that es_jina made there, and how to mend it."""

from es_jina.elastic.doctor.cluster import examine_cluster
from es_jina.elastic.doctor.finding import Finding, Level
from es_jina.elastic.doctor.indices import examine_indices

__all__ = ["Finding", "Level", "examine_cluster", "examine_indices"]
