"""The shape of an overlay: the comb's own, with nothing required, null where a key may be taken away, within its scope.

Derived from the comb's schema: `XOverlay` is what an overlay may say of an X. Mappings are merged, so their parts are
overlays too; lists and texts are replaced, so theirs are whole.
"""

from typing import Any

from comb_compiler.spec.jsonschema.models import Schema
from comb_compiler.spec.overlay_scope import ARM_SCOPE, ENVIRONMENT_SCOPE, Scope
from comb_compiler.spec.shapes import OVERLAY_SCHEMA

__all__ = ["write_overlays"]

_TAKEN_AWAY = "Take this away, so that the default holds."


def write_overlays(comb: Schema) -> None:
    """Put each overlay's own shape where `comb` marks one."""
    arm = _Overlays(comb["definitions"], "Arm", "the rest is the whole comb's")
    environment = _Overlays(comb["definitions"], "Environment", "the rest is proven for all at once")
    arm_overlay = arm.root(comb, ARM_SCOPE, "What the arm changes. Merged by key; null takes a key away.")
    environment_overlay = environment.root(
        comb, ENVIRONMENT_SCOPE, "What differs in this environment. Merged by key; null takes a key away."
    )
    _replace(comb["definitions"]["Arm"]["properties"], "set", arm_overlay)
    _replace(comb["properties"]["environments"], "additionalProperties", environment_overlay)


def _replace(owner: Schema, key: str, overlay: Schema) -> None:
    marked = owner[key]
    assert OVERLAY_SCHEMA.items() <= marked.items(), f"{key} is no overlay"
    owner[key] = {key: value for key, value in marked.items() if key not in OVERLAY_SCHEMA} | overlay


class _Overlays:
    """Writes the overlay of one kind of owner into `definitions`; those that have no scope of their own are shared."""

    def __init__(self, definitions: dict[str, Schema], owner: str, otherwise: str) -> None:
        self._definitions = definitions
        self._owner = owner
        self._otherwise = otherwise

    def root(self, comb: Schema, scope: Scope, description: str) -> Schema:
        name = f"{self._owner}Overlay"
        self._definitions[name] = self._mapping(comb, scope, False) | {
            "title": name.replace("Overlay", " Overlay"),
            "description": description,
        }
        return {"$ref": f"#/definitions/{name}"}

    def _part(self, schema: Schema, scope: Scope | None, nullable: bool) -> Schema:
        """What an overlay may write in place of `schema`."""
        if "$ref" in schema:
            return self._reference(schema, scope, nullable)
        if "if" in schema:
            either = schema | {"then": self._part(schema["then"], scope, True)}
            short = _or_null(schema["else"], nullable)
            return _or_null(either, nullable) if "type" in schema else either | {"else": short}
        if schema.get("type") == "object" and schema.get("additionalProperties") is not True:
            return self._mapping(schema, scope, nullable)
        return _or_null(schema, nullable)

    def _reference(self, schema: Schema, scope: Scope | None, nullable: bool) -> Schema:
        name = schema["$ref"].rpartition("/")[2]
        target = self._definitions[name]
        beside = {key: value for key, value in schema.items() if key not in ("$ref", "default")}
        if target["type"] != "object":
            return _or_null({**target, **beside}, True) if nullable else schema
        overlay = f"{self._owner if scope else ''}{name}Overlay"
        if overlay not in self._definitions:
            self._definitions[overlay] = self._mapping(target, scope, nullable)
        written = self._definitions[overlay]["type"]
        assert ("null" in written) == nullable, f"{overlay} may be taken away at one place, and must stay at another"
        return {"$ref": f"#/definitions/{overlay}", **beside}

    def _mapping(self, schema: Schema, scope: Scope | None, nullable: bool) -> Schema:
        kept = ("title", "description", "markdownDescription", "type", "propertyNames", "additionalProperties")
        overlay = {key: schema[key] for key in kept if key in schema}
        if "properties" in schema:
            required = schema.get("required", ())
            overlay["properties"] = {
                key: self._part(value, scope[key] if scope else None, key not in required)
                for key, value in schema["properties"].items()
                if scope is None or key in scope
            }
        if isinstance(schema["additionalProperties"], dict):
            below = scope["*"] if scope else None
            overlay["additionalProperties"] = self._part(schema["additionalProperties"], below, scope is None)
        elif scope is not None:
            overlay["errorMessage"] = (
                f"An {self._owner.lower()} may change {_listed(list(scope))} here; {self._otherwise}."
            )
        return _or_null(overlay, nullable)


def _or_null(schema: Schema, nullable: bool) -> Schema:
    """`schema`, or null where that takes the key away. A default is what holds where nothing is written at all."""
    changed = {key: value for key, value in schema.items() if key != "default"}
    if nullable and "type" in changed:
        types: Any = changed["type"]
        changed["type"] = [*(types if isinstance(types, list) else [types]), "null"]
        if "enum" in changed:
            changed["enum"] = [*changed["enum"], None]
            changed["enumDescriptions"] = [*changed["enumDescriptions"], _TAKEN_AWAY]
    return changed


def _listed(words: list[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
