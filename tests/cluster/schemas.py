"""What is rendered, against the schemas of its kinds: without a server, in milliseconds.

`schemas.json` is kept with the tests. It is written by `pytest --update` where Go can be asked for what it is made of.
"""

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema

from tests.cluster.objects import Object

__all__ = ["FILE", "offences"]

FILE = Path(__file__).parent / "schemas.json"


def offences(document: Object) -> list[str]:
    """What is wrong with an object, each with its place; a kind that has no schema is an offence."""
    kind = f"{document.get('apiVersion')} {document.get('kind')}"
    validator = _validators().get(kind)
    if validator is None:
        return [f"{kind}: no schema; is it in tests.servers.schemas.KINDS?"]
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message}" for one in validator.iter_errors(document)]


@functools.cache
def _validators() -> dict[str, Any]:
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    definitions = kept["definitions"]
    return {
        kind: jsonschema.Draft7Validator({**schema, "definitions": definitions})
        for kind, schema in kept["kinds"].items()
    }
