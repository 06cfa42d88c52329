"""Random texts of CEL, right ones and nearly right ones."""

from hypothesis import strategies as st

__all__ = ["expressions", "token_soups"]

_NAMES = st.sampled_from(["a", "request", "x1", "_y", "size", "in_", "import_"])
_FIELDS = st.sampled_from(["b", "width", "`in`", "`a-b`", "class", "loop"])
_LITERALS = st.sampled_from(
    [
        "0",
        "1",
        "-1",
        "- 7",
        "12u",
        "0x1F",
        "0xfu",
        "1.5",
        "-2.5e3",
        ".5",
        "1e10",
        "true",
        "false",
        "null",
        "'a'",
        '"b\\n"',
        "r'\\d'",
        '"""x"y"""',
        "'''a\nb'''",
        "b'\\xff'",
        "'é😀'",
        "'\\u00e9\\x41\\101'",
        'R"\\\\"',
        "-9223372036854775808",
        "18446744073709551615u",
    ]
)
_SPACES = st.sampled_from(["", " ", " ", "  ", "\n", "\t", " // no\n"])
_SIGNS = ["&&", "||", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"]


def _deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    spaced = st.builds(lambda before, text, after: before + text + after, _SPACES, inner, _SPACES)
    several = st.lists(spaced, max_size=3).map(",".join)
    return st.one_of(
        st.builds(lambda left, sign, right: f"{left} {sign} {right}", spaced, st.sampled_from(_SIGNS), spaced),
        st.builds(lambda text: f"({text})", spaced),
        st.builds(lambda sign, text: f"{sign}({text})", st.sampled_from(["!", "-", "!!", "--", "---"]), spaced),
        st.builds(lambda test, yes, no: f"({test}) ? ({yes}) : {no}", spaced, spaced, spaced),
        st.builds(lambda text, field: f"({text}).{field}", spaced, _FIELDS),
        st.builds(lambda text, index: f"({text})[{index}]", spaced, spaced),
        st.builds(lambda name, arguments: f"{name}({arguments})", st.sampled_from(["f", "size", "int"]), several),
        st.builds(lambda text, name, arguments: f"({text}).{name}({arguments})", spaced, _NAMES, several),
        st.builds(
            lambda text, macro, body: f"({text}).{macro}(v, {body})", spaced, st.sampled_from(["all", "exists"]), spaced
        ),
        st.builds(lambda arguments, end: f"[{arguments}{end}]", several, st.sampled_from(["", ","])),
        st.builds(lambda key, value: f"{{{key}: {value}}}", spaced, spaced),
        st.builds(lambda value: f"p.v1.M{{f: {value}, `in`: 1}}", spaced),
    )


expressions = st.recursive(
    st.one_of(_NAMES, _LITERALS, st.builds(lambda name, field: f"{name}.{field}", _NAMES, _FIELDS)),
    _deeper,
    max_leaves=12,
)
"""Texts that the grammar makes."""

token_soups = st.lists(
    st.one_of(
        _NAMES, _FIELDS, _LITERALS, st.sampled_from([*_SIGNS, *"!?:.,()[]{}=&|$'\"`", "has", "if", "0x", "and", " "])
    ),
    max_size=12,
).flatmap(lambda parts: st.sampled_from(["", " "]).map(lambda space: space.join(parts)))
"""Texts of its tokens, in any order."""
