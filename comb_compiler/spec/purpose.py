"""What a field is for, in the words of its model."""

from comb_compiler.spec.shape import Expected

__all__ = ["purpose"]


def purpose(name: str, expected: Expected | None) -> str:
    """What the field `name` is for, and an example of it; empty where its model does not say."""
    field = expected.field if expected else None
    if field is None or not field.description:
        return ""
    sentence = field.description.split(". ")[0].rstrip(".")
    example = field.examples[0] if field.examples and isinstance(field.examples[0], str | int) else ""
    return f"`{name}`: {sentence[0].lower()}{sentence[1:]}" + (f", such as `{name}: {example}`" if example else "")
