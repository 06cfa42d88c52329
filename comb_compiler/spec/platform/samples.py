"""Where samples are kept."""

from pydantic import Field

from comb_compiler.spec.base import Model
from comb_compiler.spec.names import Hostname, Name, Text, Url
from comb_compiler.spec.units import Duration

__all__ = ["Elasticsearch", "EmbeddedStore", "HBase", "SampleStoreSpec"]


class EmbeddedStore(Model):
    """A directory; nothing to install."""

    directory: Text = Field(default=".comb/samples", description="The directory.")


class Elasticsearch(Model):
    """The index of key fields."""

    urls: list[Url] = Field(
        min_length=1, description="Its nodes.", examples=[["https://elasticsearch.example.com:9200"]]
    )
    index: Name = Field(default="comb-samples", description="The name that its indices begin with.")
    credentials: Name | None = Field(
        default=None, description="The environment variables' prefix, or the Secret, that holds user and key."
    )
    shards: int = Field(default=1, ge=1, le=1024, description="Shards of each month's index.")
    replicas: int = Field(default=1, ge=0, le=16, description="Copies of each shard beside the first.")


class HBase(Model):
    """The full records, through HBase's Thrift server."""

    host: Hostname = Field(description="The Thrift server.", examples=["hbase.example.com"])
    port: int = Field(default=9090, ge=1, le=65535, description="Its port.")
    table: Name = Field(default="comb-samples", description="The table.")
    pool: int = Field(default=8, ge=1, le=1024, description="Connections kept open.")
    timeout: Duration = Field(default="10s", validate_default=True, description="How long one call may take.")
    tls: bool = Field(default=False, description="Whether the Thrift server is spoken to in TLS.")
    keep: Duration | None = Field(
        default=None, description="After how long HBase drops what nobody has marked; without it, never."
    )


class SampleStoreSpec(Model):
    """Where samples are kept: a directory, or Elasticsearch and HBase together."""

    embedded: EmbeddedStore | None = Field(default=None, description="A directory; nothing to install.")
    elasticsearch: Elasticsearch | None = Field(default=None, description="The index of key fields.")
    hbase: HBase | None = Field(default=None, description="The full records.")
