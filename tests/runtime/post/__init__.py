"""Messages for the tests of the runtime: `post_pb2` is what protoc would make of `post.proto`."""
