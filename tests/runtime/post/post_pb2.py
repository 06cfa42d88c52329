"""As protoc generates it, but from the text below: no version of the generator must fit the library."""

from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from google.protobuf.internal import builder

_FILE = text_format.Parse(
    """
    name: "post.proto" package: "post.v1" syntax: "proto3"
    message_type { name: "Letter"
      field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "number" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
      field { name: "picture" number: 3 type: TYPE_BYTES label: LABEL_OPTIONAL }
      field { name: "inner" number: 4 type: TYPE_MESSAGE type_name: ".post.v1.Letter" label: LABEL_OPTIONAL }
      field { name: "lines" number: 5 type: TYPE_STRING label: LABEL_REPEATED }
      field { name: "flag" number: 6 type: TYPE_BOOL label: LABEL_OPTIONAL }
      field { name: "weight" number: 7 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
      field { name: "small" number: 8 type: TYPE_UINT32 label: LABEL_OPTIONAL }
      field { name: "maybe" number: 9 type: TYPE_STRING label: LABEL_OPTIONAL proto3_optional: true oneof_index: 0 }
      field { name: "kind" number: 10 type: TYPE_ENUM type_name: ".post.v1.Kind" label: LABEL_OPTIONAL }
      oneof_decl { name: "_maybe" } }
    message_type { name: "Request"
      field { name: "letter" number: 1 type: TYPE_MESSAGE type_name: ".post.v1.Letter" label: LABEL_OPTIONAL }
      field { name: "flag" number: 2 type: TYPE_BOOL label: LABEL_OPTIONAL }
      field { name: "other" number: 3 type: TYPE_MESSAGE type_name: ".post.v1.Letter" label: LABEL_OPTIONAL }
      field { name: "name" number: 4 type: TYPE_STRING label: LABEL_OPTIONAL } }
    message_type { name: "Reply"
      field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "number" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
      field { name: "picture" number: 3 type: TYPE_BYTES label: LABEL_OPTIONAL } }
    message_type { name: "Note"
      field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "number" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL } }
    enum_type { name: "Kind" value { name: "KIND_UNSPECIFIED" number: 0 } value { name: "KIND_URGENT" number: 1 } }
    """,
    descriptor_pb2.FileDescriptorProto(),
)

DESCRIPTORS = descriptor_pb2.FileDescriptorSet(file=[_FILE]).SerializeToString()
DESCRIPTOR = descriptor_pool.Default().AddSerializedFile(_FILE.SerializeToString())

builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "tests.runtime.post.post_pb2", globals())
