"""Images from models and code, assembled as OCI content: no engine, and the same inputs make the same bytes."""

__all__: tuple[str, ...] = ()
