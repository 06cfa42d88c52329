"""The production store: Elasticsearch finds records, HBase keeps them.

Importing this imports neither client; `ProductionStore` does, when it first speaks to a server.
"""

from comb_compiler.samples.elasticsearch_hbase.settings import Credentials, Settings, read_settings, settings_of
from comb_compiler.samples.elasticsearch_hbase.store import ProductionStore

__all__ = ["Credentials", "ProductionStore", "Settings", "read_settings", "settings_of"]
